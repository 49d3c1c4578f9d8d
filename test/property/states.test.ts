import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  checkBatchMove,
  lastValidStage,
  mayMove,
  stages,
  stageStatuses,
  type Direction,
  type Standing,
} from '../../shared/store/states/batch.ts';
import { deliveryMoves, deliveryStates } from '../../shared/store/states/delivery.ts';
import {
  deviceMoves,
  deviceStatuses,
  requestedStatus,
  settledStatus,
  type DeviceStatus,
} from '../../shared/store/states/device.ts';
import { providerRequestMoves, providerRequestStates } from '../../shared/store/states/provider-request.ts';
import { checkMove, type Moves } from '../../shared/store/states/state-machine.ts';

/** Every state that can be reached from one, itself included, without setting foot on those to be avoided. */
function reachable<State>(
  from: State,
  next: (state: State) => readonly State[],
  avoid: State[] = [],
): Set<State> {
  const found = new Set([from]);
  for (const state of found) {
    for (const follower of next(state)) if (!avoid.includes(follower)) found.add(follower);
  }
  return found;
}

/** Where a walk of these choices leads; it ends early where there is no way on. */
function walk<State>(
  from: State,
  next: (state: State) => readonly State[],
  choices: readonly number[],
): State {
  return choices.reduce((state, choice) => {
    const followers = next(state);
    return followers[choice % followers.length] ?? state;
  }, from);
}
const choices = fc.array(fc.nat(20), { maxLength: 30 });

const machines: Record<string, { states: readonly string[]; moves: Moves<string>; first: string }> = {
  delivery: { states: deliveryStates, moves: deliveryMoves, first: 'seen' },
  'device enrolment': { states: deviceStatuses, moves: deviceMoves, first: 'Enrol Pending' },
  'provider request': { states: providerRequestStates, moves: providerRequestMoves, first: 'queued' },
};

describe.each(Object.entries(machines))('the states of a %s', (name, { states, moves, first }) => {
  const next = (state: string) => moves[state] ?? [];

  test('have a row each, and the rows name known states only', () => {
    expect(Object.keys(moves)).toEqual([...states]);
    for (const state of states) expect(states).toEqual(expect.arrayContaining([...next(state)]));
  });

  test('can all be reached', () => {
    expect([...reachable(first, next)].sort()).toEqual([...states].sort());
  });

  test('change as the table says, every other change is a bug', () => {
    const state = fc.constantFrom(...states);
    fc.assert(
      fc.property(state, state, (from, to) => {
        const change = () => checkMove(name, moves, from, to);
        if (next(from).includes(to)) expect(change).not.toThrow();
        else expect(change).toThrow(`BUG: ${name}: no move from "${from}" to "${to}"`);
      }),
      { numRuns: 1000 },
    );
  });

  test('are never left by a walk, however long', () => {
    fc.assert(fc.property(choices, (path) => expect(states).toContain(walk(first, next, path))));
  });
});

describe('a delivery', () => {
  const next = (state: keyof typeof deliveryMoves) => deliveryMoves[state];

  test('is done for good', () => {
    expect(next('done')).toEqual([]);
  });

  test('is never done, nor tried again, before it was claimed', () => {
    expect([...reachable('seen', next, ['claimed'])].sort()).toEqual([
      'deferred',
      'held',
      'rejected',
      'seen',
    ]);
    expect(deliveryStates.filter((state) => next(state).includes('done'))).toEqual(['claimed']);
  });

  test('can be done from wherever it is, if an operator helps', () => {
    for (const state of deliveryStates) expect(reachable(state, next)).toContain('done');
  });
});

describe('device enrolment', () => {
  const next = (status: DeviceStatus) => deviceMoves[status];

  test('no path skips the request', () => {
    for (const from of deviceStatuses.filter(
      (status) => !/Requested|^Enrolled$|^Enrol Failed$/.test(status),
    )) {
      expect(reachable(from, next, ['Enrol Requested'])).not.toContain('Enrolled');
      expect(reachable(from, next, ['Enrol Requested'])).not.toContain('Enrol Failed');
    }
    for (const from of deviceStatuses.filter((status) => !/Requested|^Unenrol(led| Failed)$/.test(status))) {
      expect(reachable(from, next, ['Unenrol Requested'])).not.toContain('Unenrolled');
      expect(reachable(from, next, ['Unenrol Requested'])).not.toContain('Unenrol Failed');
    }
  });

  test('what was requested ends with the answer to that request', () => {
    for (const role of ['enrol', 'unenrol'] as const) {
      const outcomes = [settledStatus(role, true), settledStatus(role, false)];
      expect([...next(requestedStatus(role))].sort()).toEqual(outcomes.sort());
    }
  });

  test('a request is made of what is pending only', () => {
    const before = (to: DeviceStatus) => deviceStatuses.filter((from) => next(from).includes(to));
    expect(before('Enrol Requested')).toEqual(['Enrol Pending']);
    expect(before('Unenrol Requested')).toEqual(['Unenrol Pending']);
  });

  test('no status is a dead end: a device can be enrolled and let go again', () => {
    for (const status of deviceStatuses) {
      expect(reachable(status, next)).toContain('Enrolled');
      expect(reachable(status, next)).toContain('Unenrolled');
    }
  });
});

describe('a provider request', () => {
  const next = (state: keyof typeof providerRequestMoves) => providerRequestMoves[state];

  test('is sent again only from sent: whatever the provider took in never goes back', () => {
    const others = providerRequestStates.filter((state) => state !== 'queued' && state !== 'sent');
    for (const state of others) expect(reachable(state, next)).not.toContain('queued');
    expect(providerRequestStates.filter((state) => next(state).includes('sent'))).toEqual(['queued']);
  });

  test('ends as finished or refused, and can end wherever it stands', () => {
    const ends = providerRequestStates.filter((state) => next(state).length === 0);
    expect(ends).toEqual(['finished', 'refused']);
    for (const state of providerRequestStates) {
      expect(ends.some((end) => reachable(state, next).has(end))).toBe(true);
    }
  });

  test('is refused before it was accepted, or not at all', () => {
    for (const state of ['accepted', 'pending', 'unknown', 'finished'] as const) {
      expect(reachable(state, next)).not.toContain('refused');
    }
  });
});

describe.each(['inbound', 'outbound'] as const)('a batch (%s)', (direction) => {
  const all: readonly Standing[] = stages.flatMap((stage) =>
    stageStatuses.map((status) => ({ stage, status })),
  );
  const next = (from: Standing) => all.filter((to) => mayMove(direction, from, to));
  const at = (stage: string, status: string): Standing => {
    const found = all.find((standing) => standing.stage === stage && standing.status === status);
    if (!found) throw new Error('no such standing');
    return found;
  };
  const order: Record<Direction, readonly string[]> = {
    inbound: ['Extract/Load', 'Batch'],
    outbound: ['Batch', 'Extract/Load', 'Transformation', 'Transmission'],
  };
  const [first = '', ...others] = order[direction];
  const start = at(first, 'In progress');
  const end = at(order[direction].at(-1) ?? '', 'Complete');
  const stood = [...reachable(start, next)];
  const standing = fc.constantFrom(...all);

  test('goes through its stages in their order, and through no others', () => {
    const path = order[direction].flatMap((stage) => [at(stage, 'In progress'), at(stage, 'Complete')]);
    for (const [index, from] of path.entries()) {
      const to = path.slice(index + 1, index + 2);
      expect(next(from).filter(({ status }) => status !== 'Error')).toEqual(to);
    }
    expect([...new Set(stood.map(({ stage }) => stage))].sort()).toEqual([...order[direction]].sort());
  });

  test('stands in error at any stage but the first, and only from the work of that stage', () => {
    const errors = stood.filter(({ status }) => status === 'Error');
    expect(errors.map(({ stage }) => stage).sort()).toEqual([...others].sort());
    for (const error of errors) {
      expect(all.filter((from) => mayMove(direction, from, error))).toEqual([at(error.stage, 'In progress')]);
    }
  });

  test('comes to its end from wherever it may stand, and stays there', () => {
    for (const from of stood) expect(reachable(from, next)).toContain(end);
    expect(next(end)).toEqual([]);
  });

  test('in error goes back to where it can be completed, and nowhere else', () => {
    for (const error of stood.filter(({ status }) => status === 'Error')) {
      const back = lastValidStage(direction, error.stage);
      expect(next(error)).toEqual([back]);
      expect(reachable(at(back.stage, back.status), next)).toContain(end);
    }
  });

  test('moves as the rules say, every other move is a bug', () => {
    const legal = fc.constantFrom(...stood);
    fc.assert(
      fc.property(legal, standing, (from, to) => {
        const move = () => checkBatchMove(direction, from, to);
        if (next(from).includes(to)) expect(move).not.toThrow();
        else expect(move).toThrow(/^BUG: batch/);
      }),
      { numRuns: 1000 },
    );
  });

  test('at a stage that its direction does not have moves nowhere', () => {
    for (const from of all.filter(({ stage }) => !order[direction].includes(stage))) {
      expect(all.filter((to) => mayMove(direction, from, to))).toEqual([]);
    }
  });

  test('never skips a stage, however it walks', () => {
    fc.assert(
      fc.property(choices, (path) => {
        const last = walk(start, next, path);
        expect(stood).toContain(last);
        const rank = order[direction].indexOf(last.stage);
        for (const follower of next(last)) {
          expect(order[direction].indexOf(follower.stage)).toBeLessThanOrEqual(rank + 1);
        }
      }),
    );
  });
});
