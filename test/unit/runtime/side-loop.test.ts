import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import type { EventName } from '../../../shared/runtime/events.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { SideLoop } from '../../../shared/runtime/side-loop.ts';
import { Bell, runTasks, type StepResult, type Task } from '../../../shared/runtime/task-loop.ts';

let told: EventName[];
let stop: AbortController;
let bell: Bell;
beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  stop = new AbortController();
  bell = new Bell();
});
afterEach(() => {
  jest.useRealTimers();
});

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };
const options = { intervalSeconds: 1000, emit: (name: EventName) => void told.push(name) };

/** Counts its rounds, which end as `round` says. */
function task(round: (n: number) => Promise<StepResult>): Task & { rounds: number; finished: boolean } {
  const made = {
    name: 'slow',
    rounds: 0,
    finished: false,
    step: () => round(++made.rounds),
    finish: () => {
      made.finished = true;
      return Promise.resolve();
    },
  };
  return made;
}

const run = (...tasks: Task[]): Promise<number> => {
  const running = runTasks(tasks, { ...options, once: false, stop: stop.signal, bell });
  running.catch(() => undefined); // Awaited later; the clock has to be moved before.
  return running;
};

test('a round that takes long delays no other task, and is waited for at the end', async () => {
  const { promise, resolve } = Promise.withResolvers<StepResult>();
  const slow = task(() => promise);
  const other = task(() => Promise.resolve(nothing));
  const running = run(new SideLoop(slow, options), other);
  await jest.advanceTimersByTimeAsync(3_000_000);
  expect([slow.rounds, other.rounds]).toEqual([1, 4]);
  stop.abort();
  let ended = false;
  void running.then(() => (ended = true));
  await jest.advanceTimersByTimeAsync(1000);
  expect([ended, slow.finished]).toEqual([false, false]);
  resolve(nothing);
  await running;
  expect(slow.finished).toBe(true);
});

test('a ring of the process is one of the side loop', async () => {
  const slow = task(() => Promise.resolve(nothing));
  const running = run(new SideLoop(slow, options));
  await jest.advanceTimersByTimeAsync(1);
  const before = slow.rounds;
  bell.ring();
  await jest.advanceTimersByTimeAsync(1);
  expect(slow.rounds).toBe(before + 1);
  stop.abort();
  await running;
});

test('what its surroundings do to it rests it there, longer each time, and is told once each', async () => {
  const slow = task((n) =>
    n <= 3 ? Promise.reject(new Fault('ENDPOINT_UNAVAILABLE', 'x')) : Promise.resolve(nothing),
  );
  const running = run(new SideLoop(slow, options));
  await jest.advanceTimersByTimeAsync(2900);
  expect([slow.rounds, ...told]).toEqual([2, 'task.stopped', 'task.stopped']);
  // Rests of 1, 2 and 4 seconds, each up to a quarter longer.
  await jest.advanceTimersByTimeAsync(6000);
  expect(told).toEqual(['task.stopped', 'task.stopped', 'task.stopped', 'task.resumed']);
  stop.abort();
  await running;
});

test('a bug in it ends the process', async () => {
  const slow = task(() => Promise.reject(new Fault('BUG', 'x')));
  const running = run(new SideLoop(slow, options));
  await jest.advanceTimersByTimeAsync(1);
  await expect(running).rejects.toMatchObject({ code: 'BUG' });
});
