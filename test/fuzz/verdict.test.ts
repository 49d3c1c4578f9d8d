import { expect, test } from '@jest/globals';

import { bug, Fault } from '../../shared/runtime/faults.ts';
import { sameEitherWay } from './arrival.ts';
import { canary } from './documents.ts';
import type { Input, Kind } from './input.ts';
import { verdictOf } from './verdict.ts';

const input: Input = { kind: 'generic', way: '', name: 'x', bytes: Buffer.from('x') };

const kindOf = (run: () => unknown): Kind => ({
  share: 1,
  mayWait: ['BATCH_NOT_READY'],
  maySay: (code) => code === 'UNMAPPABLE',
  make: () => input,
  run: () => Promise.resolve().then(run),
});

const throwing = (thrown: unknown) => () => {
  throw thrown;
};

test.each<[string, () => unknown, string]>([
  ['nothing', () => 1, 'done'],
  ['a fault of class permanent', throwing(new Fault('ENCODING', 'byte DF at offset 7')), 'ENCODING'],
  ['a code for which it may wait', throwing(new Fault('BATCH_NOT_READY', 'later')), 'BATCH_NOT_READY'],
  [
    'the name of a property',
    throwing(new Fault('SCHEMA_VIOLATION', `unknown ("${canary}")`)),
    'SCHEMA_VIOLATION',
  ],
  ['what operators may know', throwing(new Fault('UNMAPPABLE', `device ${canary}`)), 'UNMAPPABLE'],
  ['several lines', throwing(new Fault('SCHEMA_VIOLATION', 'one\ntwo')), 'SCHEMA_VIOLATION'],
])('rightly thrown: %s', async (_what, run, outcome) => {
  expect(await verdictOf(kindOf(run), input)).toEqual({ outcome });
});

test.each<[string, () => unknown, string]>([
  ['any error', throwing(new TypeError('undefined is no function')), 'class bug'],
  ['a bug', throwing(bug('impossible')), 'class bug'],
  ['no fault of the file', throwing(new Fault('NO_SPACE', 'full')), 'class environment'],
  ['a code for which it may not wait', throwing(new Fault('STORE_BUSY', 'busy')), 'class transient'],
  ['content', throwing(new Fault('SCHEMA_VIOLATION', `not ${canary.toLowerCase()}`)), 'leak'],
  ['a control character', throwing(new Fault('ENCODING', 'red \u001b[31m')), 'control character'],
  ['a book', throwing(new Fault('ENCODING', 'x'.repeat(20_000))), 'long detail'],
])('wrongly thrown: %s', async (_what, run, what) => {
  expect((await verdictOf(kindOf(run), input)).finding?.what).toBe(what);
});

test('what ends in another way when it comes in another way is found', async () => {
  const ways = { memory: () => 1, pieces: throwing(new Fault('ENCODING', 'x')) };
  expect(
    await verdictOf(
      kindOf(() => sameEitherWay(ways)),
      input,
    ),
  ).toMatchObject({
    finding: { what: 'disagreement', message: 'memory: done 1\npieces: ENCODING: x' },
  });
  expect(await sameEitherWay({ memory: () => 1, pieces: () => 1 })).toBe(1);
});
