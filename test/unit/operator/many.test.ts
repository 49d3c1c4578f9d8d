import { expect, test } from '@jest/globals';

import { actOnEach, mostAtOnce } from '../../../shared/operator/many.ts';
import { bug, Fault } from '../../../shared/runtime/faults.ts';
import { numbers } from '../../support/store-examples.ts';

/** Fails on some. */
const failing = (faults: Readonly<Record<number, Fault>>) => {
  const tried: number[] = [];
  const act = (id: number) => {
    tried.push(id);
    const fault = faults[id];
    return fault ? Promise.reject(fault) : Promise.resolve();
  };
  return { tried, act };
};

test('each is done by itself; those that cannot be are told with why', async () => {
  const { act } = failing({ 2: new Fault('NOT_ALLOWED', 'it is done'), 3: new Fault('STORE_BUSY', 'busy') });
  expect(await actOnEach([1, 2, 3, 4], act)).toEqual({
    done: [1, 4],
    refused: [
      { id: 2, code: 'NOT_ALLOWED', detail: 'it is done' },
      { id: 3, code: 'STORE_BUSY', detail: 'busy' },
    ],
    left: [],
  });
});

test('what would stop all of them ends it, and the rest is told', async () => {
  const { act, tried } = failing({ 2: new Fault('NO_SPACE', 'the disk is full') });
  expect(await actOnEach([1, 2, 3, 4], act)).toEqual({
    done: [1],
    refused: [{ id: 2, code: 'NO_SPACE', detail: 'the disk is full' }],
    left: [3, 4],
  });
  expect(tried).toEqual([1, 2]);
});

test('a bug is no answer', async () => {
  await expect(actOnEach([1, 2], failing({ 1: bug('impossible') }).act)).rejects.toThrow('BUG: impossible');
});

test('none, and more than can be overseen, are refused before anything is done', async () => {
  const { act, tried } = failing({});
  await expect(actOnEach([], act)).rejects.toThrow('BAD_INPUT: nothing is chosen');
  await expect(actOnEach(numbers(mostAtOnce + 1), act)).rejects.toThrow('BAD_INPUT: 1001 are chosen');
  expect(tried).toEqual([]);
  expect((await actOnEach(numbers(mostAtOnce), act)).done).toHaveLength(mostAtOnce);
});
