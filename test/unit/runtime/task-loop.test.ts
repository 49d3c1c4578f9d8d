import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import type { EventFields, EventName } from '../../../shared/runtime/events.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import {
  Bell,
  runTasks,
  type LoopOptions,
  type StepResult,
  type Task,
} from '../../../shared/runtime/task-loop.ts';

interface Told {
  readonly name: EventName;
  readonly fields: EventFields[EventName];
}

let told: Told[];
let stop: AbortController;
let bell: Bell;
beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0);
  told = [];
  stop = new AbortController();
  bell = new Bell();
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };
const noSpace = () => new Fault('NO_SPACE', 'the disk is full');

const options = (own: Partial<LoopOptions> = {}): LoopOptions => ({
  intervalSeconds: 1000,
  once: false,
  stop: stop.signal,
  bell,
  emit: (name, fields) => void told.push({ name, fields }),
  ...own,
});

/** A task whose rounds end like this, one after the other, and with nothing to do afterwards. */
function task(name: string, ...rounds: (StepResult | Error)[]): Task & { count: () => number } {
  let count = 0;
  return {
    name,
    count: () => count,
    step: () => {
      const result = rounds[count++] ?? nothing;
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
    },
  };
}

/** Runs for so long, then stops. */
async function runFor(seconds: number, tasks: Task[], own?: Partial<LoopOptions>): Promise<number> {
  const running = runTasks(tasks, options(own));
  running.catch(() => undefined); // Awaited below; the clock has to be moved before.
  await jest.advanceTimersByTimeAsync(seconds * 1000);
  stop.abort();
  return running;
}

describe('rounds', () => {
  test('come at every interval', async () => {
    const one = task('one');
    await runFor(25, [one], { intervalSeconds: 10 });
    expect(one.count()).toBe(3);
  });

  test('follow at once while there is work, and soon while something waits', async () => {
    const one = task('one', { ...nothing, worked: 1 }, { ...nothing, worked: 1 }, { ...nothing, waiting: 1 });
    await runFor(0.2, [one]);
    expect(one.count()).toBe(4);
  });

  test('what waits is looked at soon, then ever less often, and something new soon again', async () => {
    const waits = { ...nothing, waiting: 1 };
    const rounds = [...Array<StepResult>(7).fill(waits), { ...nothing, worked: 1 }, waits, nothing];
    const looks: number[] = [];
    const one = task('one', ...rounds);
    const step = () => {
      looks.push(Date.now() - started);
      return one.step(stop.signal);
    };
    const started = Date.now();
    await runFor(1, [{ name: 'one', step }]);
    expect(looks).toEqual([0, 20, 60, 140, 240, 340, 440, 540, 540, 560]);
  });

  test('end when told, and the refused are counted', async () => {
    const one = task('one', { worked: 3, refused: 2, waiting: 0 }, { worked: 1, refused: 1, waiting: 0 });
    expect(await runFor(1, [one])).toBe(3);
  });

  test('do not begin when the end was told before', async () => {
    stop.abort();
    const one = task('one');
    expect(await runTasks([one], options())).toBe(0);
    expect(one.count()).toBe(0);
  });

  test('K09: the task after the one that was told to stop has no turn', async () => {
    const other = task('other');
    const stopping: Task = {
      name: 'stopping',
      step: () => {
        stop.abort();
        return Promise.resolve(nothing);
      },
    };
    await runTasks([stopping, other], options());
    expect(other.count()).toBe(0);
  });
});

describe('R04: a task whose surroundings fail', () => {
  test('rests, then resumes by itself, while the others go on', async () => {
    const sick = task('sick', noSpace());
    const well = task('well', nothing, { ...nothing, worked: 1 });
    const start = Date.now();
    await runFor(5, [sick, well], { intervalSeconds: 0.4 });
    expect(told).toEqual([
      {
        name: 'task.stopped',
        fields: expect.objectContaining({
          task: 'sick',
          code: 'NO_SPACE',
          detail: 'the disk is full',
          nextTryAt: new Date(start + 1000).toISOString(),
        }),
      },
      { name: 'task.resumed', fields: { task: 'sick' } },
    ]);
    expect(well.count()).toBeGreaterThan(10);
  });

  test('is tried again when it said it would be, however long the interval', async () => {
    const sick = task('sick', noSpace());
    await runFor(1.1, [sick]);
    expect(sick.count()).toBe(2);
  });

  test('rests longer each time, a minute at most: no busy loop', async () => {
    const sick = task('sick', ...Array.from({ length: 20 }, noSpace));
    const starts: number[] = [];
    const timed: Task = {
      name: 'timed',
      step: (signal) => {
        starts.push(Date.now());
        return sick.step(signal);
      },
    };
    await runFor(250, [timed]);
    const rests = starts.slice(1).map((start, index) => Math.round((start - (starts[index] ?? 0)) / 1000));
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('D01 rests up to a quarter longer, so that not all come back at once', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.8);
    const [near, far] = [task('near', noSpace()), task('far', noSpace())];
    await runFor(1.1, [near]);
    stop = new AbortController();
    await runFor(1.3, [far]);
    expect([near.count(), far.count()]).toEqual([1, 2]);
  });

  test('starts over with a short rest after it was well', async () => {
    const sick = task('sick', noSpace(), noSpace(), nothing, noSpace());
    await runFor(10, [sick], { intervalSeconds: 1 });
    const rests = told.filter((event) => event.name === 'task.stopped').length;
    expect([rests, sick.count()]).toEqual([3, 10]);
  });

  test('does not keep rings from the others', async () => {
    const sick = task('sick', noSpace());
    const well = task('well');
    const running = runTasks([sick, well], options());
    await jest.advanceTimersByTimeAsync(100);
    bell.ring();
    await jest.advanceTimersByTimeAsync(0);
    expect([sick.count(), well.count()]).toEqual([1, 2]);
    stop.abort();
    await running;
  });
});

describe('faults that end the loop', () => {
  test('O05: a bug', async () => {
    const well = task('well');
    const broken = task('broken', new TypeError('x is undefined'));
    await expect(runFor(10, [broken, well])).rejects.toMatchObject({ code: 'BUG' });
    expect(well.count()).toBe(0);
    expect(told).toEqual([]);
  });

  test('D08: a damaged store', async () => {
    const well = task('well');
    const sick = task('sick', Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT' }));
    await expect(runFor(10, [sick, well])).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(well.count()).toBe(0);
    expect(told).toEqual([]);
  });

  test('with `once`, any', async () => {
    const sick = task('sick', noSpace());
    await expect(runFor(10, [sick], { once: true })).rejects.toMatchObject({ code: 'NO_SPACE' });
  });
});

describe('R05: a disk that refuses fsync', () => {
  const syncFailed = () => new Fault('SYNC_FAILED', 'fsync of /x: EIO');

  test('three times in a row ends the loop', async () => {
    const sick = task('sick', syncFailed(), syncFailed(), nothing, syncFailed());
    await expect(runFor(100, [sick], { intervalSeconds: 1 })).rejects.toMatchObject({ code: 'SYNC_FAILED' });
    expect(sick.count()).toBe(4);
    const rests = told.filter((event) => event.name === 'task.stopped');
    expect(rests).toHaveLength(2);
  });

  test('now and then, with work done in between, only rests', async () => {
    const done: StepResult = { ...nothing, worked: 1 };
    const sick = task(
      'sick',
      syncFailed(),
      syncFailed(),
      done,
      syncFailed(),
      syncFailed(),
      done,
      syncFailed(),
    );
    await runFor(100, [sick], { intervalSeconds: 1 });
    expect(sick.count()).toBeGreaterThan(10);
  });
});

describe('once', () => {
  test('works off what is there, waits for what is ready in a moment, and returns', async () => {
    const one = task(
      'one',
      { ...nothing, worked: 1 },
      { ...nothing, waiting: 2 },
      { ...nothing, worked: 2, refused: 1 },
    );
    const running = runTasks([one], options({ once: true }));
    await jest.advanceTimersByTimeAsync(150);
    expect(await running).toBe(1);
    expect(one.count()).toBe(4);
  });
});

describe('the bell', () => {
  /** Whether a wait has ended. */
  function waiting(milliseconds = 10_000) {
    const state = { over: false };
    void bell.wait(milliseconds, stop.signal).then(() => (state.over = true));
    return state;
  }
  const settle = () => jest.advanceTimersByTimeAsync(0);

  test('wakes who waits', async () => {
    const wait = waiting();
    await settle();
    expect(wait.over).toBe(false);
    bell.ring();
    await settle();
    expect(wait.over).toBe(true);
  });

  test('loses no ring of the time between two waits', async () => {
    bell.ring();
    const wait = waiting();
    await settle();
    expect(wait.over).toBe(true);
  });

  test('loses no ring of the moment in which a wait ends by time', async () => {
    const wait = waiting(10);
    jest.advanceTimersByTime(10);
    bell.ring();
    await settle();
    expect(wait.over).toBe(true);
  });

  test('rings once for many rings', async () => {
    bell.ring();
    bell.ring();
    waiting();
    await settle();
    const second = waiting();
    await settle();
    expect(second.over).toBe(false);
  });

  test('is silent after the time has passed, and ends when told to stop', async () => {
    const timed = waiting(10);
    await jest.advanceTimersByTimeAsync(10);
    expect(timed.over).toBe(true);
    const stopped = waiting();
    await settle();
    expect(stopped.over).toBe(false);
    stop.abort();
    await settle();
    expect(stopped.over).toBe(true);
  });

  test('leaves no listener and no timer behind', async () => {
    for (let count = 0; count < 20; count++) {
      const wait = waiting();
      bell.ring();
      await settle();
      expect(wait.over).toBe(true);
    }
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a ring during a round is followed by another round', async () => {
    const rung: Task & { rounds: number } = {
      name: 'rung',
      rounds: 0,
      step: () => {
        if (rung.rounds++ < 3) bell.ring();
        return Promise.resolve(nothing);
      },
    };
    await runFor(1, [rung]);
    expect(rung.rounds).toBe(4);
  });
});
