import { beforeEach, describe, expect, test } from '@jest/globals';

import {
  admitCall,
  afterFailure,
  circuitState,
  closedCircuit,
  type Circuit,
} from '../../../shared/https/circuit.ts';
import type { FaultCode } from '../../../shared/runtime/fault-codes.ts';
import { TestClock } from '../../support/temporary-spool.ts';

const settings = { restAfter: 3, restSeconds: 60, connectSeconds: 10, answerSeconds: 30 };
let clock: TestClock;
beforeEach(() => {
  clock = new TestClock();
});

const state = (circuit: Circuit) => circuitState(circuit, settings, clock.now());
const fail = (circuit: Circuit, code: FaultCode = 'PROVIDER_UNREACHABLE') =>
  afterFailure(circuit, settings, code, clock.now());
const admit = (circuit: Circuit) => admitCall(circuit, settings, clock.now());
/** Begins the trial, which must be allowed. */
function trial(circuit: Circuit): Circuit {
  const admitted = admit(circuit);
  if (!admitted) throw new Error('no trial is allowed');
  return admitted;
}
const opened = () => [1, 2, 3].reduce((circuit) => fail(circuit), closedCircuit);
const secondsLeft = ({ restsUntil }: Circuit) => ((restsUntil ?? 0) - clock.now().getTime()) / 1000;

describe('closed', () => {
  test('calls are admitted, and nothing is to be kept', () => {
    expect(admit(closedCircuit)).toBe(closedCircuit);
    const once = fail(closedCircuit);
    expect(once).toEqual({ failures: 1, restsUntil: null, rests: 0 });
    expect(admit(once)).toBe(once);
  });

  test('opens with the failure number restAfter', () => {
    expect(state(fail(fail(closedCircuit)))).toBe('closed');
    expect(state(opened())).toBe('open');
    expect(secondsLeft(opened())).toBe(60);
  });

  test.each(['PROVIDER_DENIES', 'PROVIDER_UNTRUSTED', 'KEY_UNREADABLE', 'SECRET_EXPOSED'] as const)(
    'opens at once with %s',
    (code) => {
      expect(state(fail(closedCircuit, code))).toBe('open');
    },
  );

  test.each(['PROVIDER_BUSY', 'ANSWER_LOST', 'ANSWER_TOO_LARGE'] as const)('does not with %s', (code) => {
    expect(state(fail(closedCircuit, code))).toBe('closed');
  });
});

describe('open', () => {
  test('no call is admitted until the time is over', () => {
    const circuit = opened();
    clock.advance(59.9);
    expect([state(circuit), admit(circuit)]).toEqual(['open', null]);
    clock.advance(0.1);
    expect(state(circuit)).toBe('half-open');
  });

  test('the failure of a call that had begun before makes it no longer', () => {
    const circuit = opened();
    clock.advance(20);
    expect(fail(circuit, 'PROVIDER_DENIES')).toEqual({ ...circuit, failures: 4 });
  });

  test('a clock that was set back does not keep it open for years', () => {
    const circuit = opened();
    clock.advance(-30 * 86_400);
    expect(state(circuit)).toBe('half-open');
  });

  test('a server may name a time up to a day ahead', () => {
    const circuit = { ...opened(), restsUntil: clock.now().getTime() + 86_400_000 };
    expect(state(circuit)).toBe('open');
  });
});

describe('half-open', () => {
  const halfOpen = () => {
    const circuit = opened();
    clock.advance(60);
    return circuit;
  };

  test('one call is admitted, for as long as it may take', () => {
    const tried = trial(halfOpen());
    expect([state(tried), admit(tried)]).toEqual(['open', null]);
    clock.advance(40);
    expect(state(tried)).toBe('open');
  });

  test('when the trial fails, the rest is twice as long, from now on', () => {
    const tried = trial(halfOpen());
    clock.advance(5);
    const failed = fail(tried);
    expect([state(failed), secondsLeft(failed)]).toEqual(['open', 120]);
  });

  test('a process that dies in the trial leaves a rest that ends', () => {
    const tried = trial(halfOpen());
    clock.advance(10 + 30 + 120);
    expect(state(tried)).toBe('half-open');
  });

  test('rests double up to an hour', () => {
    let circuit = halfOpen();
    const lengths: number[] = [];
    for (let i = 0; i < 8; i++) {
      circuit = fail(trial(circuit));
      lengths.push(secondsLeft(circuit));
      clock.advance(secondsLeft(circuit));
    }
    expect(lengths).toEqual([120, 240, 480, 960, 1920, 3600, 3600, 3600]);
  });
});
