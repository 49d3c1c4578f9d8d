import { faultCodes, type FaultCode } from '../../../shared/runtime/fault-codes.ts';
import type { OrderOutcome, ProviderError } from './provider-format.ts';

/** Why an order or a device is not asked for at all: a code of our fault table, in the form of a provider's error. */
export const refusal = (code: FaultCode, detail: string): ProviderError => ({
  code,
  message: `${faultCodes[code].what} ${detail}`,
});

/** An order that cannot be asked for as a whole. */
export const refuseOrder = (
  orderId: number,
  deviceIds: readonly string[],
  error: ProviderError,
): OrderOutcome => ({
  orderId,
  errors: [error],
  devices: deviceIds.map((deviceId) => ({ deviceId, outcome: 'failed', errors: [error] })),
  settled: true,
});

/** Devices of an order that cannot be asked for; the others of it go on. */
export const refuseDevices = (
  orderId: number,
  devices: readonly { readonly deviceId: string; readonly error: ProviderError }[],
): OrderOutcome => ({
  orderId,
  errors: [],
  devices: devices.map(({ deviceId, error }) => ({ deviceId, outcome: 'failed', errors: [error] })),
  settled: true,
});
