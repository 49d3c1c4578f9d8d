import type { FormatMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import { ErrorCatalogue } from '../error-catalogue.ts';

/** The error codes that the mapping lists. */
export const catalogueOf = ({ errors }: FormatMapping): ErrorCatalogue =>
  new ErrorCatalogue(
    'the partner',
    errors.map(({ code, class: errorClass, text }) => [code.trim(), errorClass, text] as const),
  );

/** Whether the operator has said what a code means; of the others nothing is known. */
export const isListed = (catalogue: ErrorCatalogue, code: string): boolean =>
  catalogue.rows.some(([listed]) => listed === code);
