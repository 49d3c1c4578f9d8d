import { ErrorCatalogue } from '../../../daemons/adaptor/providers/error-catalogue.ts';

export const noSuchJob = 'NO-JOB';

/** Where the codes come from is said here, with the address of the documentation; what is inferred is called so. */
export const acmeErrors = new ErrorCatalogue(
  'Acme',
  [
    ['E1', 'data', 'Acme does not know the serial number'],
    ['E2', 'conflict', 'The device belongs to another customer'],
    ['E7', 'config', 'Our reseller number is not valid'],
    ['E8', 'split', 'The job has too many devices; lower devicesPerRequest'],
    ['E9', 'retry', 'Acme has a fault of its own'],
    [noSuchJob, 'data', 'Acme has no job of this id'],
  ],
  // Codes that are not listed, by how they begin.
  [['AUTH-', 'auth', 'Acme does not let us in']],
);
