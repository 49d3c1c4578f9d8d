import type { Operation, PerDevice } from './answer-shapes.ts';
import { comparable, nameOf, nameOfRecord } from './device-reference.ts';
import { errorsOfDevice } from './error-mapping.ts';
import { open, type Told, type Verdict } from './result-shape.ts';

const success = 'SINGLE_DEVICE_STATUS_SUCCESS';

/**
 * What a finished operation says, device by device, in the order of the request. Failed devices stand in its response as
 * well as the others; should the whole have an error in place of a response, nothing is known of any device.
 */
export const toldByOperation = ({ response }: Operation): Told[] =>
  (response?.perDeviceStatus ?? []).map((device) => ({
    names: namesOf(device),
    verdict: verdictOf(device),
  }));

function namesOf({ echo }: PerDevice): string[] {
  if (!echo) return [];
  const names = echo.deviceIdentifier.flatMap((identifier) => nameOf(identifier) ?? []);
  return [...(echo.deviceId === '' ? [] : [nameOfRecord(echo.deviceId)]), ...names.map(comparable)];
}

/** A status that is missing is one of value zero, which says nothing. */
function verdictOf({ result }: PerDevice): Verdict {
  if (result.status === success) return { kind: 'succeeded', recordId: result.deviceId };
  const errors = errorsOfDevice(result);
  return errors.length > 0 ? { kind: 'failed', errors } : open;
}
