import { distributorApi } from '../../../demo/distributor-api.ts';
import { DistributorService } from '../../../demo/distributor-service.ts';
import { lifecycleSuite, type Stage } from '../../support/lifecycle-suite.ts';
import { memberOf, spoiled } from '../../support/lifecycle.ts';

const sheets: Stage = {
  member: memberOf('distributor'),
  open: () => {
    const service = new DistributorService();
    return {
      setting: { service: (secrets, now) => distributorApi(secrets, service, now) },
      enrolled: () => service.enrolled(),
    };
  },
  atOnce: { pendingPolls: 0 },
  late: { pendingPolls: 3 },
  cap: (devicesPerSheet) => ({ devicesPerSheet }),
  omit: (device) => ({ omitDevices: [device] }),
  refusal: 'NOT-YOURS',
  changes: ['^POST /v1/enrolments'],
  questions: ['^GET /v1/enrolments/'],
  neverEnrolled: { 99: 'NOT_ENROLLED' },
  voidsByDevice: true,
  denied: { transport: [{ status: 403 }] },
  busy: { status: 503 },
  refusedAndLost: ['NOT-YOURS', 'NOT-YOURS'],
  ways: [{ answer: 'at once' }, { pendingPolls: 2 }],
  credentials: ({ caller }) => spoiled(caller.tokenFile),
  tokens: false,
  voidAfterReturn: true,
};

lifecycleSuite('A distributor by sheets', sheets);
