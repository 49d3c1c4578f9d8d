import type { RequestType } from '../shared/generic/device-enrolment-request.ts';
import { readVerdict, type ResponseOrder } from '../shared/generic/device-enrolment-response.ts';
import type { GenericError } from '../shared/generic/schema-parts.ts';
import { settledStatus, type DeviceRole, type DeviceStatus } from '../shared/store/states/device.ts';

/** A device of the request that has no outcome yet. */
export interface AskedDevice {
  readonly id: number;
  readonly deviceId: string;
  readonly status: DeviceStatus;
  readonly role: DeviceRole;
}

export interface SettledDevice extends AskedDevice {
  readonly to: DeviceStatus;
  readonly succeeded: boolean;
  readonly errors: readonly GenericError[];
}

export interface ResponsePlan {
  readonly settled: readonly SettledDevice[];
  /** Devices that the response does not mention: they stay as they are. */
  readonly silent: readonly AskedDevice[];
  /** Devices that the response mentions and the request does not. */
  readonly unexpected: readonly string[];
}

/** What a response means for each device that was asked for. */
export function planResponse(
  requestType: RequestType,
  asked: readonly AskedDevice[],
  response: ResponseOrder,
): ResponsePlan {
  const settled: SettledDevice[] = [];
  const silent: AskedDevice[] = [];
  for (const device of asked) {
    const verdict = verdictOf(requestType, device, response);
    if (verdict === 'silent') silent.push(device);
    else settled.push({ ...device, ...verdict, to: settledStatus(device.role, verdict.succeeded) });
  }
  const known = new Set(asked.map((device) => device.deviceId));
  const unexpected = (response.devices ?? []).map((device) => device.deviceId).filter((id) => !known.has(id));
  return { settled, silent, unexpected };
}

type Verdict = 'silent' | { readonly succeeded: boolean; readonly errors: readonly GenericError[] };

function verdictOf(requestType: RequestType, device: AskedDevice, response: ResponseOrder): Verdict {
  // An override replaces the list of the order: the devices it drops are in no list, and follow the order.
  const dropped = requestType === 'OVERRIDE' && device.role === 'unenrol';
  const verdict = readVerdict(dropped ? { ...response, devices: [] } : response, device.deviceId);
  switch (verdict.outcome) {
    case 'succeeded':
      return { succeeded: true, errors: [] };
    case 'failed':
      return { succeeded: false, errors: verdict.errors };
    case 'silent':
      return 'silent';
  }
}

export interface EventText {
  readonly outcome: 'success' | 'failure';
  readonly notes: string;
}

/** What people are told: how it went, and every message of the provider. */
export function describeOutcome(
  request: { readonly requestType: RequestType; readonly orderId: string; readonly providerId: string },
  plan: ResponsePlan,
): EventText {
  const failed = plan.settled.filter((device) => !device.succeeded);
  const total = plan.settled.length + plan.silent.length;
  const lines = [
    `${request.requestType} of order ${request.orderId} at ${request.providerId}: ` +
      `${plan.settled.length - failed.length} of ${total} device(s) succeeded.`,
    ...failed.map(describeFailure),
    ...plan.silent.map((device) => `${device.deviceId}: not mentioned in the answer, stays ${device.status}`),
    ...plan.unexpected.map((deviceId) => `${deviceId}: mentioned in the answer, but not asked for`),
  ];
  const clean = failed.length === 0 && plan.silent.length === 0 && plan.unexpected.length === 0;
  return { outcome: clean ? 'success' : 'failure', notes: lines.join('\n') };
}

/** A failed device with the provider's messages, in one line. */
export const describeFailure = (device: Pick<SettledDevice, 'deviceId' | 'errors'>): string =>
  `${device.deviceId}: ${describeErrors(device.errors)}`;

export const describeErrors = (errors: readonly GenericError[]): string =>
  errors.map((error) => `${error.id} ${error.errorMessage}`).join('; ');
