import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { PrivateKey } from 'openpgp';

import type { Runtime } from '../../shared/daemon/process.ts';
import type { DeviceEnrolmentRequest, RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { parseKeys } from '../../shared/pgp/key-files.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { fixedKeys, type Keys } from '../../shared/daemon/keys.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { type Delivery } from '../../shared/store/deliveries.ts';
import { messageOf } from '../../shared/store/provider-requests.ts';
import type { TestRuntime } from '../support/test-runtime.ts';
import { testRuntime } from '../support/test-runtime.ts';
import type { ProviderMessage } from '../../daemons/adaptor/providers/provider-format.ts';
import { answer, apple, extracted, publish, requestRows, transform } from '../unit/adaptor/scenes.ts';
import { requestedOrders } from './documents.ts';
import { insertSeen } from '../support/one-file.ts';

/** What the product finds when a mutated input arrives: keys, and a store with requests in every state. */
export interface Scene {
  readonly rt: TestRuntime;
  /** Configuration by which generic files need not be sealed. */
  readonly unsealed: LoadedConfig;
  readonly keys: Keys;
  /** The partner whose signature counts. */
  readonly warehouse: PrivateKey;
  /** Requests that wait to be sent to the provider. */
  readonly requests: readonly DeviceEnrolmentRequest[];
  readonly answers: readonly Answer[];
  /** What the ledger says of the file in hand. */
  readonly delivery: Delivery;
}

/** A file of the provider. */
export interface Answer {
  readonly name: string;
  readonly body: unknown;
}

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));
export const fixture = (...path: string[]): Promise<Buffer> => readFile(join(fixtures, ...path));
export const fixtureNames = async (...path: string[]): Promise<string[]> =>
  (await readdir(join(fixtures, ...path))).sort();

/** Our keys, the newest kind first, and the partners'. */
export async function fixtureRing(): Promise<KeyRing> {
  const own = await Promise.all(['curve.asc', 'modern.asc', 'rsa.asc'].map((name) => keysIn('own', name)));
  const partners = await Promise.all(
    (await fixtureNames('keys', 'partners')).map(async (party) => {
      const names = await fixtureNames('keys', 'partners', party);
      const keys = await Promise.all(names.map((name) => keysIn('partners', party, name)));
      return [party, keys.flat().map((key) => key.toPublic())] as const;
    }),
  );
  return {
    own: own.flat().filter((key) => key.isPrivate()),
    coming: [],
    retired: [],
    partners: new Map(partners),
  };
}

const keysIn = async (...path: string[]) => parseKeys(await fixture('keys', ...path));

const plain = { encryption: 'none', signature: 'forbidden' };
const account = { shipTo: '0000054321', depResellerId: '0F0F0F0F' };
/** Small limits, so that a bomb is one soon. */
const limits = { ordersPerRequest: 50, devicesPerRequest: 100 };
const providers = { apple: { format: 'apple', account, limits, inbox: plain } };

export async function openScene(): Promise<Scene> {
  const rt = await testRuntime({ providers });
  const [ring, [warehouse]] = await Promise.all([fixtureRing(), keysIn('warehouse.asc')]);
  if (!warehouse?.isPrivate()) throw new Error('warehouse.asc is no private key');
  const { answers, requests } = await furnishStore(rt, ring);
  const mark = { dev: '1', inode: '0', size: 1, mtimeNs: '1' };
  const delivery = await insertSeen(rt.db, { inbox: 'fuzz', name: 'fuzz', mark }, rt.worker, rt.clock.now());
  if (!delivery) throw new Error('the store is not new');
  const inboxes = { outboundDeviceEnrolment: plain };
  const unsealed = { ...rt.loaded, config: configSchema.parse({ providers, inboxes }) };
  return {
    rt: { ...rt, emit: () => undefined },
    ...{ unsealed, keys: fixedKeys(ring), warehouse, requests, answers, delivery },
  };
}

/** Brings requests into a store: some that wait to be sent, and one in each state with the provider. */
export async function furnishStore(
  rt: TestRuntime,
  ring: KeyRing,
): Promise<Pick<Scene, 'answers' | 'requests'>> {
  const answers = await requestsInEveryState(rt, ring);
  const requests: DeviceEnrolmentRequest[] = [];
  for (const orders of requestedOrders) requests.push(await extracted(rt, orders));
  return { answers, requests };
}

/** What is sent to the provider, as far as its answers repeat it. */
interface Body {
  readonly orders: readonly {
    readonly orderNumber: string;
    readonly deliveries: readonly {
      readonly deliveryNumber: string;
      readonly devices: readonly { readonly deviceId: string }[];
    }[];
  }[];
}

/** One request in each of the states that a request can be in; for each of them every answer that the provider gives. */
async function requestsInEveryState(rt: TestRuntime, ring: KeyRing): Promise<Answer[]> {
  const answers: Answer[] = [];
  const states: readonly (readonly [last: 'queued' | 'sent' | 'accepted', then?: (body: Body) => unknown])[] =
    [
      ['sent'],
      ['accepted'],
      ['accepted', () => apple.pending],
      ['accepted', (body) => resultOf(body, () => 'COMPLETE')],
      ['accepted', (body) => resultOf(body, () => 'WAITING')],
      ['accepted', (body) => resultOf(body, (n) => (n === 0 ? 'DEP-ERR-DE-4303' : 'COMPLETE'))],
      ['queued'],
    ];
  for (const [index, [last, then]] of states.entries()) {
    await transform(
      rt,
      ring,
      await extracted(rt, numbered(requestedOrders[index % 2] ?? [], 100 * (index + 1))),
    );
    if (last !== 'queued') await publish(rt);
    const row = (await requestRows(rt)).at(-1);
    if (!row) throw new Error('the request is not there');
    const theirs = `tracking-${index}`;
    const of = (stem: string, rest: string) => `${stem}.${row.transaction_id}${rest}.json`;
    const { content } = (await messageOf(rt.db, row.id)) as ProviderMessage;
    const body = JSON.parse(content) as Body;
    if (last === 'accepted') await answer(rt, of('bulk-enroll-devices', ''), apple.accepted(theirs));
    if (then) await answer(rt, of('check-transaction-status', '.1'), then(body));
    answers.push(
      ...requestAnswers(theirs).map((each) => ({ name: of('bulk-enroll-devices', ''), body: each })),
      ...queryAnswers(body, { transactionId: row.transaction_id, deviceEnrollmentTransactionID: theirs }).map(
        (each, n) => ({
          name: n % 3 === 2 ? `answer-${n}.json` : of('check-transaction-status', '.2'),
          body: each,
        }),
      ),
    );
  }
  return answers;
}

/** Other orders of other devices: a request waits for those before it about the same. */
const numbered = (orders: readonly RequestOrder[], by: number): RequestOrder[] =>
  orders.map((order) => ({
    ...order,
    id: order.id + by,
    ...(order.deliveries && {
      deliveries: order.deliveries.map((delivery) => ({
        ...delivery,
        devices: delivery.devices.map((device) => ({ ...device, serialNumber: `${device.deviceId}N${by}` })),
      })),
    }),
  }));

const error = (errorCode: string) => ({ errorCode, errorMessage: 'why not' });

const requestAnswers = (id: string): unknown[] => [
  apple.accepted(id),
  apple.refused,
  { enrollDeviceErrorResponse: [error('DEP-ERR-3001'), error('DEP-ERR-3004')] },
  { enrollDeviceErrorResponse: error('GRX-1056') },
];

const queryAnswers = (body: Body, ids: object): unknown[] => [
  { ...ids, ...apple.pending },
  { ...ids, ...apple.queryRefused },
  resultOf(body, () => 'COMPLETE', ids),
  resultOf(body, (n) => (n === 0 ? 'DEP-ERR-DE-4304' : 'COMPLETE'), ids),
  resultOf(body, () => 'ERROR', ids),
  {
    ...ids,
    statusCode: 'ERROR',
    orders: body.orders.map(({ orderNumber }) => ({ orderNumber, orderPostStatus: 'DEP-ERR-OR-4102' })),
  },
];

/** A result that names everything that was asked. */
const resultOf = ({ orders }: Body, status: (device: number) => string, ids: object = {}): object => ({
  ...ids,
  completedOn: '2026-04-21T00:00:00Z',
  statusCode: 'COMPLETE',
  orders: orders.map(({ orderNumber, deliveries }) => ({
    orderNumber,
    orderPostStatus: 'COMPLETE',
    deliveries: deliveries.map(({ deliveryNumber, devices }) => ({
      deliveryNumber,
      deliveryPostStatus: 'COMPLETE',
      devices: devices.map(({ deviceId }, n) => ({
        deviceId,
        devicePostStatus: status(n),
        ...(status(n) !== 'COMPLETE' && { devicePostStatusMessage: 'why not' }),
      })),
    })),
  })),
});

const undone = Symbol('undone');

/** Does something in the store, and takes it back, so that every input meets the same scene. */
export async function andUndo<T>({ rt }: Scene, work: (runtime: Runtime) => Promise<T>): Promise<T> {
  const done: T[] = [];
  try {
    await rt.db.transaction().execute(async (db) => {
      done.push(await work({ ...rt, db }));
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught below, and seen nowhere else
      throw undone;
    });
  } catch (thrown) {
    if (thrown !== undone) throw thrown;
  }
  return done[0] as T;
}
