import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { retryAfterSeconds, waitSeconds } from '../../shared/https/backoff.ts';
import {
  admitCall,
  afterFailure,
  circuitState,
  closedCircuit,
  type Circuit,
} from '../../shared/https/circuit.ts';
import { callBegun, callEnded, newPace, waitMilliseconds } from '../../shared/https/pace.ts';

const limitsOf = fc.record({
  perMinute: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0.01, max: 2000, noNaN: true })),
  concurrent: fc.integer({ min: 1, max: 64 }),
});

describe('the pace, whenever somebody wants to call and however long calls take', () => {
  const wishes = fc.array(fc.record({ pause: fc.oneof(fc.constant(0), fc.nat(3000)), lasts: fc.nat(5000) }), {
    maxLength: 300,
  });

  test('no minute has more calls than allowed, and no more run at once', () => {
    fc.assert(
      fc.property(limitsOf, wishes, (limits, list) => {
        const begun: number[] = [];
        let pace = newPace(limits, 0);
        let ends: number[] = [];
        let now = 0;
        for (const { pause, lasts } of list) {
          now += pause;
          for (;;) {
            const still = ends.filter((end) => end > now);
            for (let i = still.length; i < ends.length; i++) pace = callEnded(pace);
            ends = still;
            const wait = waitMilliseconds(pace, limits, now);
            if (wait === 0) break;
            now = wait === Infinity ? Math.min(...ends) : now + wait;
          }
          pace = callBegun(pace, limits, now);
          begun.push(now);
          ends.push(now + lasts);
          expect(ends.length).toBeLessThanOrEqual(limits.concurrent);
        }
        for (const from of begun) {
          // Less than a minute by more than what rounding does.
          const inMinute = begun.filter((at) => at >= from && at < from + 60_000 - 0.01);
          expect(inMinute.length).toBeLessThanOrEqual(Math.ceil(limits.perMinute));
        }
      }),
    );
  });

  test('whoever calls as often as he may gets nearly what is allowed, and no more', () => {
    const limits = fc.record({
      perMinute: fc.integer({ min: 1, max: 600 }),
      concurrent: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(limits, (limit) => {
        let pace = newPace(limit, 0);
        let calls = 0;
        for (let now = 0; now < 60_000 - 0.01; now += waitMilliseconds(pace, limit, now)) {
          pace = callEnded(callBegun(pace, limit, now));
          calls++;
        }
        expect(calls).toBeLessThanOrEqual(limit.perMinute);
        expect(calls).toBeGreaterThanOrEqual(Math.floor(limit.perMinute * 0.98));
      }),
    );
  });

  test('whoever waits as long as is said may call', () => {
    fc.assert(
      fc.property(limitsOf, fc.nat(100), fc.nat(1e9), (limits, before, start) => {
        let pace = newPace(limits, start);
        let now = start;
        for (let i = 0; i <= before; i++) {
          now += waitMilliseconds(pace, limits, now);
          expect(waitMilliseconds(pace, limits, now)).toBeLessThan(1e-3);
          pace = callEnded(callBegun(pace, limits, now));
        }
      }),
    );
  });
});

describe('the rests of a server', () => {
  const settings = fc.record({
    restAfter: fc.integer({ min: 1, max: 20 }),
    restSeconds: fc.double({ min: 0.1, max: 86_400, noNaN: true }),
    connectSeconds: fc.double({ min: 0.1, max: 86_400, noNaN: true }),
    answerSeconds: fc.double({ min: 0.1, max: 86_400, noNaN: true }),
  });
  const steps = fc.array(fc.constantFrom('call', 'fail', 'deny', 'succeed', 'wait'), { maxLength: 100 });

  test('end, whatever happens, and nobody calls before; two trials never begin in the time of one', () => {
    fc.assert(
      fc.property(settings, steps, fc.nat(4000), (set, list, pauseSeconds) => {
        let circuit: Circuit = closedCircuit;
        let milliseconds = 0;
        const now = () => new Date(milliseconds);
        for (const step of list) {
          if (step === 'wait') milliseconds += pauseSeconds * 1000;
          if (step === 'succeed') circuit = closedCircuit;
          if (step === 'fail') circuit = afterFailure(circuit, set, 'ANSWER_LOST', now());
          if (step === 'deny') circuit = afterFailure(circuit, set, 'PROVIDER_DENIES', now());
          if (step === 'call') {
            const state = circuitState(circuit, set, now());
            const admitted = admitCall(circuit, set, now());
            expect(admitted === null).toBe(state === 'open');
            if (state === 'half-open' && admitted) {
              circuit = admitted;
              const trialEnds = new Date(milliseconds + (set.connectSeconds + set.answerSeconds) * 1000);
              expect(admitCall(circuit, set, trialEnds)).toBeNull();
            }
          }
          const longest = (set.connectSeconds + set.answerSeconds + 3600) * 1000;
          expect(circuitState(circuit, set, new Date(milliseconds + longest + 1))).not.toBe('open');
        }
      }),
    );
  });
});

describe('waiting', () => {
  test('lies between what the server asks for and the larger of that and an hour', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.nat(86_400),
        fc.nat(200_000),
        unit,
        (n, first, asked, r) => {
          const seconds = waitSeconds(n, first, asked, () => r);
          const least = Math.min(asked, 86_400);
          expect(seconds).toBeGreaterThanOrEqual(least);
          expect(seconds).toBeLessThanOrEqual(Math.max(3600, least));
        },
      ),
    );
  });

  test('a date in Retry-After is as far ahead as it says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e9 }),
        fc.integer({ min: -86_400, max: 86_400 }),
        (at, ahead) => {
          const header = new Date((at + ahead) * 1000).toUTCString();
          expect(retryAfterSeconds(header, new Date(at * 1000))).toBe(Math.max(0, ahead));
        },
      ),
    );
  });

  test('any text in Retry-After gives nothing, or between none and a day', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^Sun, .{0,30}$/)), (text) => {
        const seconds = retryAfterSeconds(text, new Date(0)) ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(86_400);
      }),
    );
  });
});
