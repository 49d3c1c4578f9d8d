import type { GenericInterface } from './generic-interface.ts';

/**
 * `<interface>.<provider>.<identifier>.json.pgp`, for example `device-enrolment-request.apple.1042.json.pgp`.
 * The identifier makes it unique: the same document always gets the same name.
 */
export function genericFileName(
  known: GenericInterface<never>,
  provider: string,
  identifier: string,
): string {
  return `${known.fileStem}.${provider}.${identifier}.json.pgp`;
}
