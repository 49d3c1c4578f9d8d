import { afterEach, describe, expect, test } from '@jest/globals';

import type { CastMember } from '../../demo/cast.ts';
import type { SimulatorFiles } from '../../demo/simulator-files.ts';
import { finalStates } from '../../shared/store/states/provider-request.ts';
import { randomNumbers } from './random-numbers.ts';
import { requestRows } from '../unit/adaptor/scenes.ts';
import {
  held,
  lostOnce,
  numbers,
  nameOf,
  once,
  orderOf,
  overrideOf,
  returnOf,
  startPlay,
  troubles,
  voidOf,
  type Play,
  type Said,
  type Setting,
} from './lifecycle.ts';

interface Spoiling {
  readonly spoil: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

/** A provider with its simulator, and what it does in its own way. */
export interface Stage {
  readonly member: CastMember;
  /** A new provider. */
  readonly open: () => {
    readonly setting: Omit<Setting, 'member'>;
    /** Device -> customer, as the provider has it. */
    readonly enrolled: () => Record<string, string>;
  };
  /** Rules under which the result is there at once, and after three questions. */
  readonly atOnce: object;
  readonly late: object;
  /** Rules for what the provider takes in one request. */
  readonly cap: (devices: number) => object;
  /** Rules under which a device is missing in results. */
  readonly omit: (device: string) => object;
  /** What is said of that device in the end, where it is not 'ok'. */
  readonly omitted?: string;
  /** Rules under which the provider does not let us in, in its own words. */
  readonly denied: object;
  /** A transport rule: an error of its own after which it should be tried again. */
  readonly busy: object;
  /** What is said of a refused device, the first or the last, when the answer to the request is lost; 'open': nothing. */
  readonly refusedAndLost: readonly [first: string, last: string];
  /** Rules under which the provider answers in another way, and means the same. */
  readonly ways: readonly object[];
  /** Spoils what proves who we are, and mends it. */
  readonly credentials: (files: SimulatorFiles) => Spoiling;
  /** It gives out access tokens. */
  readonly tokens: boolean;
  /** The code with which the provider refuses the device of `member.refuse`. */
  readonly refusal: string;
  /** Calls that change something, as `METHOD path`; the last enrols. */
  readonly changes: readonly string[];
  /** All others. */
  readonly questions: readonly string[];
  /** What is said of a void of order 99, of which nothing is known. */
  readonly neverEnrolled: Said;
  /** Whether a void lists devices. */
  readonly voidsByDevice: boolean;
  /** The provider lists what is left after a return as void when it is told to; Apple does not. */
  readonly voidAfterReturn: boolean;
}

export interface Scene extends Play {
  readonly enrolled: () => Record<string, string>;
}

let scene: Scene | undefined;

/**
 * @param changes of the settings
 * @param theirTime what the provider's clock says when ours says something
 */
export async function openScene(
  { member, open, atOnce }: Stage,
  changes: Partial<Setting> = {},
  theirTime = (ours: Date) => ours,
): Promise<Scene> {
  const { setting, enrolled } = open();
  const settings = { ...setting.settings, ...changes.settings };
  const play = await startPlay({
    member,
    rules: atOnce,
    ...setting,
    ...changes,
    settings,
    service: (secrets, now) => setting.service(secrets, () => theirTime(now())),
  });
  scene = { ...play, enrolled };
  return scene;
}

const everyOne = (order: number, devices: readonly number[]): Said =>
  Object.fromEntries(devices.map((n) => [`${order} D${n}`, 'ok']));

/** The lives of orders that every provider must allow. Closes what `openScene` opened, after each test. */
export function lifecycleSuite(name: string, stage: Stage): void {
  const { member } = stage;
  const [, theirs] = member.organisations;
  const order = orderOf.bind(null, member);
  const giveBack = returnOf.bind(null, member);
  const override = overrideOf.bind(null, member);
  const takeBack = voidOf.bind(null, member);
  const holds = held.bind(null, member);
  const refuse = (n: number) => member.refuse(member.device(n)).rules;
  const voided = (id: number, devices: readonly number[]): Said =>
    stage.voidsByDevice ? everyOne(id, devices) : { [id]: 'ok' };

  afterEach(async () => {
    const open = scene;
    scene = undefined;
    await open?.caller.close();
  });

  describe(`${name}: the life of an order`, () => {
    test('ORDER with a device that is refused, RETURN of one, VOID', async () => {
      const { act, heard, send, untilSettled, rules, enrolled } = await openScene(stage);
      await rules({ ...stage.atOnce, ...refuse(3) });
      await send(order(11, [1, 2, 3, 4]), order(12, [5, 6]));
      await untilSettled();
      const responses = await heard();
      expect(responses).toHaveLength(2);
      expect(responses.find((response) => response.order.id === 11)).toEqual({
        interfaceCategory: 'Device Enrolment',
        interfaceType: 'Device Enrolment Response',
        version: 1.0,
        extractLoadDateTime: expect.stringMatching(/^2026-05-06T\d\d:\d\d:\d\d\.\d{3}Z$/),
        deviceEnrolmentProviderId: member.id,
        externalFileName: expect.stringMatching(/^x\d+-\d\.json$/),
        order: {
          id: 11,
          devices: [
            { deviceId: 'D1' },
            { deviceId: 'D2' },
            {
              deviceId: 'D3',
              errors: [
                {
                  id: stage.refusal,
                  errorMessage: expect.stringContaining(member.refuse(member.device(3)).says),
                },
              ],
            },
            { deviceId: 'D4' },
          ],
        },
      });
      expect(responses.find((response) => response.order.id === 12)?.order).toEqual({
        id: 12,
        devices: [{ deviceId: 'D5' }, { deviceId: 'D6' }],
      });
      expect(enrolled()).toEqual(holds([1, 2, 4, 5, 6]));

      expect(await act(giveBack(11, [1]))).toEqual({ '11 D1': 'ok' });
      expect(enrolled()).toEqual(holds([2, 4, 5, 6]));

      expect(await act(takeBack(12))).toEqual(voided(12, [5, 6]));
      expect(enrolled()).toEqual(holds([2, 4]));
      if (stage.voidAfterReturn) {
        expect(await act(takeBack(11))).toEqual(voided(11, [2, 4]));
        expect(enrolled()).toEqual({});
      }
      expect(await act(takeBack(99))).toEqual(stage.neverEnrolled);
    });

    test('OVERRIDE with other devices for another organisation, and once more', async () => {
      const { act, enrolled } = await openScene(stage);
      await act(order(11, [1, 2, 3]), order(12, [8]));
      expect(await act(override(11, [2, 4, 5], theirs))).toEqual(everyOne(11, [2, 4, 5]));
      expect(enrolled()).toEqual({ ...holds([2, 4, 5], theirs), ...holds([8]) });
      expect(await act(override(11, [4, 6], theirs))).toEqual(everyOne(11, [4, 6]));
      expect(enrolled()).toEqual({ ...holds([4, 6], theirs), ...holds([8]) });
      expect(await act(takeBack(11, { organisationId: theirs }))).toEqual(voided(11, [4, 6]));
      expect(enrolled()).toEqual(holds([8]));
    });
  });

  /** Every act once; each changes what the provider has. */
  async function wholeLife(play: Scene, before: () => Promise<void>): Promise<void> {
    const { act, enrolled } = play;
    await before();
    expect(await act(order(11, [1, 2, 3]), order(12, [4, 5]))).toEqual({
      ...everyOne(11, [1, 2, 3]),
      ...everyOne(12, [4, 5]),
    });
    expect(enrolled()).toEqual(holds([1, 2, 3, 4, 5]));
    await before();
    expect(await act(giveBack(11, [2]))).toEqual({ '11 D2': 'ok' });
    expect(enrolled()).toEqual(holds([1, 3, 4, 5]));
    await before();
    expect(await act(override(12, [5, 6], theirs))).toEqual(everyOne(12, [5, 6]));
    expect(enrolled()).toEqual({ ...holds([1, 3]), ...holds([5, 6], theirs) });
    await before();
    expect(await act(override(12, [6, 7], theirs))).toEqual(everyOne(12, [6, 7]));
    expect(enrolled()).toEqual({ ...holds([1, 3]), ...holds([6, 7], theirs) });
    await before();
    expect(await act(takeBack(12, { organisationId: theirs }))).toEqual(voided(12, [6, 7]));
    expect(enrolled()).toEqual(holds([1, 3]));
  }

  /** A call in the log: method, path, and what was done. */
  const isChange = (call: string) =>
    stage.changes.some((change) => new RegExp(change).test(call.split(' ', 2).join(' ')));
  const done = ({ caller }: Scene) =>
    caller.calls.filter((call) => isChange(call) && !call.endsWith('hung up before')).length;

  describe(`${name}: answers that are lost`, () => {
    test('each first call of a kind, in every act: done once, and found out', async () => {
      const well = await openScene(stage);
      await wholeLife(well, () => Promise.resolve());
      const expected = done(well);
      await well.caller.close();

      for (const how of ['hangUpAfter', 'hangUpBefore'] as const) {
        const play = await openScene(stage);
        const lossy = () => play.rules(lostOnce(how, ...stage.changes, ...stage.questions));
        await wholeLife(play, lossy);
        expect(done(play)).toBe(expected);
        expect(play.caller.calls.filter((call) => / hung up /.test(call)).length).toBeGreaterThan(5);
        await play.caller.close();
      }
      scene = undefined;
    });

    test.each([1, 2])('calls that fail in any way and order (%d)', async (seed) => {
      const play = await openScene(stage);
      const random = randomNumbers(seed);
      await wholeLife(play, () => play.rules(troubles(random)));
      expect(done(play)).toBeGreaterThan(0);
    });

    test('a provider that stalls', async () => {
      const play = await openScene(stage, { https: { answerSeconds: 2 } });
      await play.rules(lostOnce('stall', ...stage.changes));
      expect(await play.act(order(11, [1, 2]))).toEqual(everyOne(11, [1, 2]));
      expect(done(play)).toBe(1);
      expect(play.enrolled()).toEqual(holds([1, 2]));
    });
  });

  describe(`${name}: a device that is refused`, () => {
    test.each([
      ['the first', 1, stage.refusedAndLost[0]],
      ['the last', 3, stage.refusedAndLost[1]],
    ])('%s of an order, and the answer to the request is lost', async (_which, n, expected) => {
      const { send, untilSettled, said, rules, enrolled } = await openScene(stage);
      await rules({ ...refuse(n), ...lostOnce('hangUpAfter', ...stage.changes) });
      await send(order(11, [1, 2, 3]));
      await untilSettled(12);
      const others = [1, 2, 3].filter((each) => each !== n);
      const verdict = expected === 'open' ? {} : { [`11 D${n}`]: expected };
      expect(await said()).toEqual({ ...everyOne(11, others), ...verdict });
      expect(enrolled()).toEqual(holds(others));
    });
  });

  /** Whether it rests, and nothing fails, however long that takes; then all is well. */
  async function deniedUntil(play: Scene, mend: () => Promise<void>): Promise<void> {
    const { send, untilSettled, heard, said, caller, enrolled } = play;
    await send(order(11, [1, 2]), order(12, [3]));
    await untilSettled(6);
    expect(await heard()).toEqual([]);
    expect(enrolled()).toEqual({});
    const rests = caller.rt.events.filter((event) => event.name === 'provider.rests');
    expect(rests[0]?.fields).toMatchObject({ provider: member.id });
    expect(caller.calls.length).toBeLessThan(20);
    await mend();
    await untilSettled();
    expect(await said()).toEqual({ ...everyOne(11, [1, 2]), ...everyOne(12, [3]) });
    expect(enrolled()).toEqual(holds([1, 2, 3]));
  }

  describe(`${name}: not now`, () => {
    test('what proves who we are is wrong: it rests, nothing fails, and goes on when that is mended', async () => {
      const play = await openScene(stage);
      const { spoil, mend } = stage.credentials(play.caller.files);
      await spoil();
      await deniedUntil(play, mend);
    });

    test('it does not let us in, in its own words: the same', async () => {
      const play = await openScene(stage);
      await play.rules(stage.denied);
      await deniedUntil(play, () => play.rules({}));
      const [rest] = play.caller.rt.events.filter((event) => event.name === 'provider.rests');
      expect(rest?.fields).toMatchObject({ code: 'PROVIDER_DENIES' });
    });

    test('it has an error that passes: sent again, and done once', async () => {
      const play = await openScene(stage);
      await play.rules(once(stage.changes.at(-1) ?? '', stage.busy));
      expect(await play.act(order(11, [1, 2]))).toEqual(everyOne(11, [1, 2]));
      expect(play.enrolled()).toEqual(holds([1, 2]));
      expect(play.caller.calls.filter(isChange)).toHaveLength(2);
    });

    if (!stage.tokens) return;
    test('a token expires sooner than was said', async () => {
      let ahead = 0;
      const play = await openScene(stage, {}, (now) => new Date(now.getTime() + ahead * 1000));
      await play.send(order(11, [1, 2]));
      await play.caller.settle();
      ahead = 3550;
      await play.untilSettled();
      expect(await play.said()).toEqual(everyOne(11, [1, 2]));
      expect(play.caller.calls.filter((call) => call.endsWith(' 401'))).toHaveLength(1);
      expect(play.caller.calls.filter((call) => call.includes('/token '))).toHaveLength(2);
    });
  });

  describe(`${name}: results`, () => {
    test('that come late, after several questions', async () => {
      const { act, caller, rules, enrolled } = await openScene(stage);
      await rules(stage.late);
      expect(await act(order(11, [1, 2]))).toEqual(everyOne(11, [1, 2]));
      expect((await requestRows(caller.rt))[0]?.queries).toBeGreaterThanOrEqual(3);
      expect(enrolled()).toEqual(holds([1, 2]));
    });

    test.each([{}, ...stage.ways])('told in one way or another: %j', async (way) => {
      const { act, rules, enrolled } = await openScene(stage);
      await rules({ ...refuse(2), ...lostOnce('hangUpBefore', ...stage.changes), ...way });
      const expected = { '11 D1': 'ok', '11 D2': stage.refusal, '11 D3': 'ok' };
      expect(await act(order(11, [1, 2, 3]))).toEqual(expected);
      expect(enrolled()).toEqual(holds([1, 3]));
    });

    test('in which a device is missing: found out another way, or left open for people', async () => {
      const { send, said, untilSettled, rules, enrolled } = await openScene(stage);
      await rules(stage.omit(nameOf(member, 2)));
      await send(order(11, [1, 2, 3]));
      await untilSettled(12);
      const told = await said();
      expect(told).toMatchObject({ '11 D1': 'ok', '11 D3': 'ok' });
      await rules(stage.atOnce);
      await untilSettled();
      const { omitted = 'ok' } = stage;
      expect({ ...told, ...(await said()) }).toEqual({ ...everyOne(11, [1, 2, 3]), '11 D2': omitted });
      expect(enrolled()).toEqual(holds(omitted === 'ok' ? [1, 2, 3] : [1, 3]));
    });
  });

  describe(`${name}: many devices`, () => {
    test('250 in 20 orders, by small requests: each once', async () => {
      const limits = { ordersPerRequest: 3, devicesPerRequest: 20 };
      const play = await openScene(stage, { settings: { limits } });
      const sizes = [60, 1, 29, 7, 13, 20, 21, 19, 2, 3, 5, 10, 10, 10, 10, 10, 5, 5, 5, 5];
      let next = 1;
      const orders = sizes.map((size, index) => {
        const devices = numbers(next, next + size - 1);
        next += size;
        return { id: 100 + index, devices };
      });
      const all = numbers(1, 250);
      expect(next).toBe(251);
      const said = await play.act(...orders.map(({ id, devices }) => order(id, devices)));
      expect(said).toEqual(
        Object.assign({}, ...orders.map(({ id, devices }) => everyOne(id, devices))) as Said,
      );
      expect(play.enrolled()).toEqual(holds(all));
      expect((await requestRows(play.caller.rt)).length).toBeGreaterThanOrEqual(13);
      expect((await requestRows(play.caller.rt)).every(({ state }) => isFinal(state))).toBe(true);
    });

    test('a gateway finds a request too large, and says so with a page: it goes in halves', async () => {
      const play = await openScene(stage);
      await play.rules(once(stage.changes.at(-1) ?? '', { status: 413, notJson: true }));
      expect(await play.act(order(11, [1, 2, 3]))).toEqual(everyOne(11, [1, 2, 3]));
      expect(play.enrolled()).toEqual(holds([1, 2, 3]));
      expect((await requestRows(play.caller.rt)).map(({ state }) => state)).toEqual([
        'refused',
        'finished',
        'finished',
      ]);
    });

    test('more than the provider takes: parted until it does, and an override in its order', async () => {
      const play = await openScene(stage);
      await play.rules(stage.cap(3));
      const devices = numbers(1, 10);
      expect(await play.act(order(11, devices), order(12, [11, 12]))).toEqual({
        ...everyOne(11, devices),
        ...everyOne(12, [11, 12]),
      });
      expect(play.enrolled()).toEqual(holds([...devices, 11, 12]));
      expect(await play.act(giveBack(11, numbers(1, 5)))).toEqual(everyOne(11, numbers(1, 5)));
      expect(play.enrolled()).toEqual(holds([...numbers(6, 10), 11, 12]));
      if (!stage.voidsByDevice) return;
      // What is taken back goes in parts, and the enrolment, small enough to go whole, still waits for all of them.
      expect(await play.act(override(11, [8, 13], theirs))).toEqual(everyOne(11, [8, 13]));
      expect(play.enrolled()).toEqual({ ...holds([8, 13], theirs), ...holds([11, 12]) });
      expect(await play.act(takeBack(11, { organisationId: theirs }))).toEqual(everyOne(11, [8, 13]));
      expect(play.enrolled()).toEqual(holds([11, 12]));
    });
  });
}

const isFinal = (state: string): boolean => finalStates.some((final) => final === state);
