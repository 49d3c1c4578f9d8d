import type {
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  ProviderFormat,
  ProviderRequest,
  Question,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import {
  device as exampleDevice,
  documentOf,
  examples as contractExamples,
  formatOfExample,
  orderOf,
  type Example,
} from '../../contract/provider-examples.ts';
import { sample } from '../../unit/configured/examples.ts';
import { canary } from '../documents.ts';
import { appleReplies, carrierReplies } from './apple.ts';
import {
  carrierSample,
  configuredJson,
  configuredOrders,
  configuredTable,
  configuredXml,
  distributorSample,
} from './configured.ts';
import type { GoodReply, Replies } from './good-reply.ts';
import { googleReplies } from './google-zero-touch.ts';
import { knoxReplies } from './samsung-knox.ts';
import { sheetReplies, withoutKind, zeroTouchName } from './sheets.ts';
import { autopilotReplies } from './windows-autopilot.ts';

/** A request to some provider as it stands in the store, and all that the provider may reply. */
export interface Conversation {
  readonly name: string;
  readonly format: ProviderFormat;
  readonly asked: AskedRequest;
  readonly of: Question;
  readonly replies: readonly GoodReply[];
  readonly provider: Replies;
}

const byExample: Readonly<Record<string, Replies>> = {
  apple: appleReplies,
  'apple, by Etisalat': carrierReplies,
  'apple, by Telenor': carrierReplies,
  'google-zero-touch': googleReplies,
  'google-zero-touch, sheets': sheetReplies(zeroTouchName),
  'samsung-knox, Gen1': knoxReplies,
  'samsung-knox, Gen2': knoxReplies,
  'samsung-knox, sheets': sheetReplies(withoutKind, false),
  'windows-autopilot': autopilotReplies,
  'windows-autopilot, sheets': sheetReplies(({ providerDeviceId }) => providerDeviceId),
  'configured, JSON': configuredJson,
  'configured, XML': configuredXml,
  'configured, CSV': configuredTable,
  'sample carrier-xml': carrierSample,
  'sample carrier-orders-json': configuredOrders,
  'sample distributor-csv': distributorSample,
};

const samples: readonly Example[] = ['carrier-xml', 'carrier-orders-json', 'distributor-csv'].map((name) => ({
  what: `sample ${name}`,
  settings: sample(name),
  organisationId: '880011',
}));

/** Of the formats that the product has; the contract has one more, made up for the documentation. */
export const examples = [...contractExamples.filter(({ make }) => make === undefined), ...samples];

const device = (deviceId: string, n: number): GenericDevice => ({
  ...exampleDevice(deviceId, n),
  serialNumber: `${canary}S${n}`,
  model: `One ${canary}`,
  hardwareHash: Buffer.from(`the hash of the hardware of ${n}`).toString('base64'),
});

const devices = (prefix: string, from: number, count: number) =>
  Array.from({ length: count }, (_, n) => device(`${prefix}${n}`, from + n));

const [added, gone, returned, kept] = [
  devices('A', 10, 4),
  devices('V', 20, 2),
  devices('R', 30, 2),
  devices('O', 40, 3),
];

/** What the store would know of the orders, had the provider enrolled these devices before. */
export function enrolmentsOf(example: Example): Enrolments {
  const before = [
    orderOf(example, 2, 'ORDER', gone),
    orderOf(example, 3, 'ORDER', returned),
    orderOf(example, 4, 'ORDER', kept.slice(1)),
  ];
  const nothing: Enrolments = { ofOrder: () => [] };
  const { requests } = formatOfExample(example).toRequests(documentOf(before), nothing);
  const known = requests.flatMap(({ transactionId, orders }) =>
    orders.flatMap(({ orderId, devices: enrolled }) =>
      enrolled.map((one) => {
        const providerRecordId = example.recordIdOf?.(one.deviceId) ?? null;
        return { orderId, device: { ...one, providerRecordId, transactionId } satisfies EnrolledDevice };
      }),
    ),
  );
  return {
    ofOrder: (id) => known.filter(({ orderId }) => orderId === id).map((one) => one.device),
  };
}

/** The generic document of the requests. */
export const requestedOf = (example: Example) =>
  documentOf([
    orderOf(example, 1, 'ORDER', added),
    orderOf(example, 2, 'VOID', []),
    orderOf(example, 3, 'RETURN', returned),
    orderOf(example, 4, 'OVERRIDE', kept.slice(0, 2)),
  ]);

export function conversations(): Conversation[] {
  return examples.flatMap((example) => {
    const format = formatOfExample(example);
    const provider = byExample[example.what];
    if (!provider) throw new Error(`nobody says how ${example.what} replies`);
    const { requests } = format.toRequests(requestedOf(example), enrolmentsOf(example));
    return requests.flatMap((request, n) =>
      standings(request, provider).map(({ as, of, asked }) => {
        const name = `${example.what}: request ${n + 1} ${as}, ${of}`;
        return { name, format, asked, of, provider, replies: provider.to(asked, of) };
      }),
    );
  });
}

interface Standing {
  readonly as: string;
  readonly of: Question;
  readonly asked: AskedRequest;
}

/** Sent, accepted, and settled in part. */
function standings({ transactionId, message, orders }: ProviderRequest, { theirs }: Replies): Standing[] {
  const sent: AskedRequest = { transactionId, providerTransactionId: null, message, orders };
  const accepted = { ...sent, providerTransactionId: theirs(transactionId) };
  const isSheet = message.mediaType === 'text/csv';
  const standing: Standing[] = [
    { as: 'sent', of: 'request', asked: sent },
    { as: 'accepted', of: 'query', asked: accepted },
    { as: 'sent', of: 'reconciliation', asked: sent },
    { as: 'accepted', of: 'reconciliation', asked: accepted },
  ];
  const open = orders
    .map((order) => ({ ...order, devices: order.devices.slice(1) }))
    .filter((order) => order.devices.length > 0);
  const isParted = orders.some(({ devices: all }) => all.length > 1);
  const parted: Standing[] = [
    { as: 'settled in part', of: 'request', asked: { ...sent, orders: open } },
    { as: 'settled in part', of: 'query', asked: { ...accepted, orders: open } },
  ];
  return [...standing, ...(isParted ? parted : [])].filter(({ of }) => !isSheet || of === 'request');
}
