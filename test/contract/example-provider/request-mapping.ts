import { checkSerialNumber } from '../../../daemons/adaptor/providers/identifiers.ts';
import { piecesOf, splitByLimits } from '../../../daemons/adaptor/providers/limits.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  MappedDocument,
  OrderOutcome,
  ProviderMessage,
  ProviderRequest,
  Question,
  RequestedDevice,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../../../daemons/adaptor/providers/refusal.ts';
import { transactionIdOf } from '../../../daemons/adaptor/providers/transaction-id.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { AcmeSettings } from './settings.ts';

/** Acme enrols and releases devices, and knows no voids or overrides: they are put in these terms. */

export const stems = {
  job: 'request',
  'job-state': 'query',
  'job-lookup': 'reconciliation',
} as const satisfies Record<string, Question>;

interface Body {
  readonly job: string;
  readonly reseller: string;
  readonly action: 'enrol' | 'release';
  readonly devices: readonly {
    readonly order: string;
    readonly serial: string;
    /** Only of what is enrolled. */
    readonly customer?: string;
  }[];
}

/** Devices of one order with which the same is done. */
interface Step {
  readonly action: Body['action'];
  readonly preparatory: boolean;
  readonly order: RequestOrder;
  readonly devices: readonly RequestedDevice[];
}

interface Plan {
  readonly steps: readonly Step[];
  readonly refused: readonly OrderOutcome[];
}

export function toRequests(
  document: DeviceEnrolmentRequest,
  enrolled: Enrolments,
  settings: AcmeSettings,
): MappedDocument {
  const { limits } = settings;
  const plans = document.orders.map((order) => planOf(order, enrolled.ofOrder(order.id)));
  const pieces = plans.flatMap(({ steps }) =>
    steps.flatMap((step) => piecesOf(step.devices, limits).map((devices) => ({ ...step, devices }))),
  );
  // What an order releases goes before what it enrols; a request is preparatory as a whole.
  const requests = [
    pieces.filter(({ action, preparatory }) => action === 'release' && !preparatory),
    pieces.filter(({ preparatory }) => preparatory),
    pieces.filter(({ action }) => action === 'enrol'),
  ].flatMap((some) =>
    splitByLimits(
      some,
      limits,
      ({ devices }) => devices.length,
      ({ order }) => order.id,
    ),
  );
  return {
    requests: requests.map((steps, index) =>
      requestOf(steps, transactionIdOf(document, index + 1), settings),
    ),
    refused: plans.flatMap(({ refused }) => refused),
    notes: [],
  };
}

function planOf(order: RequestOrder, known: readonly EnrolledDevice[]): Plan {
  const { devices, refused } = checkDevices(order);
  const step = (action: Body['action'], some: readonly RequestedDevice[], preparatory = false): Step => ({
    action,
    preparatory,
    order,
    devices: some,
  });
  switch (order.requestType) {
    case 'ORDER':
      return { steps: [step('enrol', devices)], refused };
    case 'RETURN':
      return { steps: [step('release', devices)], refused };
    case 'OVERRIDE': {
      const failed = new Set(refused.flatMap((one) => one.devices.map(({ deviceId }) => deviceId)));
      const replaced = devices.length === 0 ? [] : known.filter(({ deviceId }) => !failed.has(deviceId));
      return { steps: [step('release', replaced, true), step('enrol', devices)], refused };
    }
    case 'VOID': {
      if (known.length > 0) return { steps: [step('release', known)], refused };
      const error = refusal('NOT_ENROLLED', 'No device of the order is known to be enrolled.');
      return { steps: [], refused: [refuseOrder(order.id, [], error)] };
    }
  }
}

interface CheckedDevices {
  readonly devices: readonly RequestedDevice[];
  readonly refused: readonly OrderOutcome[];
}

/** Answers come back by serial number, and go on by our device id: each must mean one device of the order. */
function checkDevices({ id, deliveries = [] }: RequestOrder): CheckedDevices {
  const named = deliveries
    .flatMap(({ devices }) => devices)
    .map(({ deviceId, serialNumber = '' }) => ({
      deviceId,
      checked: checkSerialNumber(serialNumber, { upperCase: true }),
    }));
  const twice = repeated(
    named.flatMap(({ deviceId, checked }) => [
      `id ${deviceId}`,
      ...('value' in checked ? [`serial number ${checked.value}`] : []),
    ]),
  );
  const devices: RequestedDevice[] = [];
  const failed = new Map<string, ReturnType<typeof refusal>>();
  for (const { deviceId, checked } of named) {
    if ('error' in checked) failed.set(deviceId, checked.error);
    else if (twice.has(`id ${deviceId}`) || twice.has(`serial number ${checked.value}`)) {
      failed.set(deviceId, refusal('UNMAPPABLE', 'The order has the device twice.'));
    } else devices.push({ deviceId, providerDeviceId: checked.value });
  }
  const refused = [...failed].map(([deviceId, error]) => ({ deviceId, error }));
  return { devices, refused: refused.length === 0 ? [] : [refuseDevices(id, refused)] };
}

function repeated(values: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(values.filter((value) => seen.size === seen.add(value).size));
}

function requestOf(
  steps: readonly Step[],
  transactionId: string,
  { account }: AcmeSettings,
): ProviderRequest {
  const [first] = steps;
  const action = first?.action ?? 'enrol';
  const devices = steps.flatMap(({ order, devices }) =>
    devices.map(({ providerDeviceId }) => ({
      order: String(order.id),
      serial: providerDeviceId,
      ...(action === 'enrol' && { customer: order.organisationId }),
    })),
  );
  return {
    transactionId,
    message: messageOf({ job: transactionId, reseller: account.reseller, action, devices }),
    orders: steps.map(({ order, devices }) => ({
      orderId: order.id,
      orderNumber: String(order.id),
      requestType: order.requestType,
      devices: devices.map(({ deviceId, providerDeviceId }) => ({ deviceId, providerDeviceId })),
    })),
    ...(first?.preparatory && { preparatory: true }),
  };
}

const messageOf = (body: Body): ProviderMessage => ({
  stem: 'job',
  method: 'POST',
  path: '/v1/jobs',
  mediaType: 'application/json',
  content: JSON.stringify(body),
});

/** What was sent is all that is kept of a request: the halves are made from it. */
export function halve(
  { message, orders }: AskedRequest,
  [firstId, secondId]: readonly [string, string],
): readonly [ProviderRequest, ProviderRequest] | null {
  const body = JSON.parse(message.content) as Body;
  if (body.devices.length < 2) return null;
  const middle = Math.ceil(body.devices.length / 2);
  const half = (transactionId: string, devices: Body['devices']): ProviderRequest => {
    const kept = new Set(devices.map(({ order, serial }) => `${order} ${serial}`));
    return {
      transactionId,
      message: messageOf({ ...body, job: transactionId, devices }),
      orders: orders
        .map((order) => ({
          ...order,
          devices: order.devices.filter(({ providerDeviceId }) =>
            kept.has(`${order.orderId} ${providerDeviceId}`),
          ),
        }))
        .filter(({ devices: some }) => some.length > 0),
    };
  };
  return [half(firstId, body.devices.slice(0, middle)), half(secondId, body.devices.slice(middle))];
}

/** The same question in both cases: the id of a job is ours, and known though its answer is lost. */
export const toQuestion = (
  stem: 'job-state' | 'job-lookup',
  { transactionId }: AskedRequest,
): ProviderMessage => ({
  stem,
  method: 'GET',
  path: `/v1/jobs/${transactionId}`,
  mediaType: 'application/json',
  content: '',
});
