import { readFile, writeFile } from 'node:fs/promises';

import { cast, type CastMember } from '../../demo/cast.ts';
import { makeAuthority } from '../../demo/certificates.ts';
import type { Service } from '../../demo/service.ts';
import { readSecrets, type Secrets, type SimulatorFiles } from '../../demo/simulator-files.ts';
import type { RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import type { DeviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { restOf } from '../../shared/store/provider-exchanges.ts';
import { finalStates } from '../../shared/store/states/provider-request.ts';
import { extracted, keyRing, requestRows, responses, transform } from '../unit/adaptor/scenes.ts';
import { startCaller, type Caller } from './calling.ts';

/** Whole lives of orders at a provider: the courier, HTTPS, the store, and the simulated provider at the other end. */

export function memberOf(id: string): CastMember {
  const member = cast.find((each) => each.id === id);
  if (!member) throw new Error(`${id} is not of the cast`);
  return member;
}

/** What the generic responses say: `<order> <device>`, or `<order>` where no device is named -> 'ok', or error ids. */
export type Said = Record<string, string>;

export interface Play {
  readonly caller: Caller;
  /** Sends orders, waits until nothing is open any more, and tells what was said of them. */
  readonly act: (...orders: RequestOrder[]) => Promise<Said>;
  /** The same without the wait. */
  readonly send: (...orders: RequestOrder[]) => Promise<void>;
  /** Lets time pass until nothing is open any more, or nothing would change that, or so many hours are over. */
  readonly untilSettled: (hours?: number) => Promise<void>;
  /** What was said since the last time. @throws when a device is told twice */
  readonly said: () => Promise<Said>;
  /** The generic responses since the last time. */
  readonly heard: () => Promise<DeviceEnrolmentResponse[]>;
  /** Rules of the provider, beside those of `setUp`. */
  readonly rules: (rules: object) => Promise<void>;
}

export interface Setting {
  readonly member: CastMember;
  readonly settings?: object;
  readonly https?: object;
  /** Rules that always hold. */
  readonly rules?: object;
  /** @param now the time of the play: tokens are given out and used by one clock */
  service(secrets: Secrets, now: () => Date): Service<unknown>;
  readonly authentication?: (files: SimulatorFiles, url: string) => object;
}

let ring: Promise<KeyRing> | undefined;

export async function startPlay(setting: Setting): Promise<Play> {
  const { member, rules: always = {} } = setting;
  const keys = await (ring ??= keyRing());
  let now = () => new Date('2026-05-06T12:00:00.000Z');
  const authentication = async (files: SimulatorFiles, url: string) => {
    await files.serviceAccountFor(url);
    return setting.authentication?.(files, url) ?? member.https(files.caller, url);
  };
  const caller = await startCaller(member.id, {
    mutualTls: member.id === 'apple',
    service: async (files) => setting.service(await readSecrets(files.secrets), () => now()),
    provider: { ...member.settings, ...setting.settings },
    https: { perMinute: 60_000, ...setting.https },
    authentication,
  });
  now = () => caller.rt.clock.now();
  await caller.rules(always);
  let told = 0;

  const heard = async () => {
    const all = await responses(caller.rt);
    const news = all.slice(told);
    told = all.length;
    return news;
  };
  const send = async (...orders: RequestOrder[]) => {
    const document = await extracted(caller.rt, orders, { deviceEnrolmentProviderId: member.id });
    await transform(caller.rt, keys, document);
  };
  const untilSettled = (hours = Infinity) => letPass(caller, member.id, hours);
  const said = async () => sayings(await heard());
  return {
    caller,
    heard,
    said,
    send,
    untilSettled,
    act: async (...orders) => {
      await send(...orders);
      await untilSettled();
      return said();
    },
    rules: (rules) => caller.rules({ ...always, ...rules }),
  };
}

/** Rounds after which something goes in circles. */
const manyRounds = 500;

async function letPass(caller: Caller, provider: string, hours: number): Promise<void> {
  const { rt, calls } = caller;
  const end = rt.clock.now().getTime() + hours * 3_600_000;
  for (let round = 0; round < manyRounds; round++) {
    await caller.settle();
    // A mistake in the rules of a test would otherwise pass for a provider without rules.
    const broken = calls.find((line) => line.startsWith('the last rules hold'));
    if (broken !== undefined) throw new Error(broken);
    const next = await nextTime(rt, provider);
    if (next === undefined || next > end) return;
    rt.pass((next - rt.clock.now().getTime()) / 1000);
  }
  throw new Error('there is no end to it');
}

/** When something may happen that does not happen now. */
async function nextTime(rt: Caller['rt'], provider: string): Promise<number | undefined> {
  const open = (await requestRows(rt)).filter(({ state }) => !finalStates.some((final) => final === state));
  const rest = open.length === 0 ? undefined : await restOf(rt.db, provider);
  const times = [
    ...open.map((row) => (row.state === 'queued' ? row.release_at : row.next_query_at)),
    rest?.rests_until,
  ];
  const later = times
    .flatMap((time) => (time == null ? [] : [Date.parse(time)]))
    .filter((time) => time > rt.clock.now().getTime());
  return later.length === 0 ? undefined : Math.min(...later);
}

export function sayings(heard: readonly DeviceEnrolmentResponse[]): Said {
  const entries = heard.flatMap(({ order: { id, errors, devices } }): [string, string][] =>
    devices
      ? devices.map((device) => [`${id} ${device.deviceId}`, verdict(device.errors)])
      : [[String(id), verdict(errors)]],
  );
  const said = Object.fromEntries(entries);
  if (Object.keys(said).length < entries.length) throw new Error(`told twice: ${JSON.stringify(entries)}`);
  return said;
}

const verdict = (errors: readonly { readonly id: string }[] = []): string =>
  errors.length === 0 ? 'ok' : errors.map(({ id }) => id).join();

/** `<from>, <from> + 1, … <to>`. */
export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** An order of the n-th devices of a provider: device id `D<n>`. */
export function orderOf(
  member: CastMember,
  id: number,
  devices: readonly number[],
  changes: Partial<RequestOrder> = {},
): RequestOrder {
  return {
    id,
    requestType: 'ORDER',
    organisationId: member.organisations[0],
    orderDate: '2026-05-04T10:00:00Z',
    deliveries: [
      {
        deliveryNumber: `DN-${id}`,
        shipDate: '2026-05-05T07:30:00Z',
        devices: devices.map((n) => ({ deviceId: `D${n}`, ...member.device(n) })),
      },
    ],
    ...changes,
  };
}

const earlier = { originalRequestId: 'R1' };

export const returnOf = (
  member: CastMember,
  id: number,
  devices: readonly number[],
  changes: Partial<RequestOrder> = {},
) => orderOf(member, id, devices, { requestType: 'RETURN', ...earlier, ...changes });

export const overrideOf = (
  member: CastMember,
  id: number,
  devices: readonly number[],
  organisationId = member.organisations[0],
) => orderOf(member, id, devices, { requestType: 'OVERRIDE', organisationId, ...earlier });

export function voidOf(member: CastMember, id: number, changes: Partial<RequestOrder> = {}): RequestOrder {
  const { deliveries: _none, ...order } = orderOf(member, id, [], {
    requestType: 'VOID',
    ...earlier,
    ...changes,
  });
  return order;
}

/** The provider's name of the n-th device. */
export function nameOf(member: CastMember, n: number): string {
  const { imei, serialNumber } = member.device(n);
  return imei ?? serialNumber ?? '';
}

/** What a provider should hold: the n-th devices for an organisation. */
export const held = (
  member: CastMember,
  devices: readonly number[],
  organisation = member.organisations[0],
): Record<string, string> => Object.fromEntries(devices.map((n) => [nameOf(member, n), organisation]));

let uses = 0;

/** Rules under which the first call of each kind is lost. Never the same twice, so that each time counts anew. */
export const lostOnce = (how: 'stall' | 'hangUpAfter' | 'hangUpBefore', ...calls: string[]) => ({
  transport: calls.map((match) => ({ match: `${match}|^never ${++uses}$`, times: 1, [how]: true })),
});

/** A rule that holds once for calls that match. */
export const once = (match: string, rule: object) => ({
  transport: [{ match: `${match}|^never ${++uses}$`, times: 1, ...rule }],
});

/** Puts something else in the place of files, and what was there back. */
export function spoiled(...files: string[]) {
  let before: Buffer[] = [];
  return {
    spoil: async (...others: readonly (string | Buffer)[]) => {
      before = await Promise.all(files.map((file) => readFile(file)));
      await Promise.all(files.map((file, index) => writeFile(file, others[index] ?? 'wrong')));
    },
    mend: async () => {
      await Promise.all(files.map((file, index) => writeFile(file, before[index] ?? '')));
    },
  };
}

/** A certificate of an authority that the provider does not know. */
export function strangersCertificate({ caller: { certificateFile, keyFile } }: SimulatorFiles) {
  const { spoil, mend } = spoiled(certificateFile, keyFile);
  return {
    spoil: async () => {
      const stranger = await (await makeAuthority()).issue({ name: 'stranger', usage: 'client' });
      await spoil(stranger.certificatePem, stranger.keyPem);
    },
    mend,
  };
}

const faults = [
  { hangUpBefore: true },
  { hangUpAfter: true },
  { cutBody: true },
  { notJson: true },
  { status: 500 },
  { status: 502, notJson: true },
  { status: 503, retryAfter: 100 },
  { status: 429, retryAfter: 7 },
  { status: 401 },
  { status: 403 },
];

/** Calls that fail, each in a way by chance, and calls that do not in between. @param random a whole number below its limit */
export const troubles = (random: (limit: number) => number) => ({
  transport: Array.from({ length: 12 }, () => {
    const fault = faults[random(15)] ?? { delaySeconds: 0 };
    return { match: `.|^never ${++uses}$`, times: 1, ...fault };
  }),
});
