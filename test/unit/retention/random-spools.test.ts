import fc from 'fast-check';

import { expect, test } from '@jest/globals';

import { RetentionScene, type ArchivedFile } from './retention-scene.ts';

/** Over any spool, what is deleted is what the rule says: here it is written down once more, over lists. */

const file = fc.record({
  daysAgo: fc.integer({ min: 0, max: 100 }),
  state: fc.constantFrom('done', 'rejected', 'held', 'deferred', 'claimed'),
  bytes: fc.integer({ min: 1, max: 40 }),
  fate: fc.constantFrom('as recorded', 'as recorded', 'as recorded', 'changed', 'unrecorded'),
});

const archive = fc.record({
  days: fc.constantFrom(0, 10, 50),
  bytes: fc.constantFrom(0, 25, 100),
});

const spools = fc.record({
  files: fc.array(file, { maxLength: 12 }),
  done: archive,
  rejected: archive,
  minimumDays: fc.integer({ min: 1, max: 30 }),
});

type Spool = typeof spools extends fc.Arbitrary<infer T> ? T : never;

/** Numbers of the files that go. */
function expected({ files, done, rejected, minimumDays }: Spool): number[] {
  const numbered = files.map((each, index) => ({ ...each, index }));
  return [['done', done] as const, ['rejected', rejected] as const].flatMap(([state, limit]) => {
    const kept = numbered
      .filter((each) => each.state === state && each.fate !== 'unrecorded')
      .sort((a, b) => b.daysAgo - a.daysAgo || a.index - b.index);
    let total = kept.reduce((sum, each) => sum + each.bytes, 0);
    const gone: number[] = [];
    for (const each of kept) {
      const old = limit.days > 0 && each.daysAgo > limit.days;
      const tooMany = limit.bytes > 0 && total > limit.bytes && each.daysAgo > minimumDays;
      if ((old || tooMany) && each.fate === 'as recorded') {
        gone.push(each.index);
        total -= each.bytes;
      }
    }
    return gone;
  });
}

const nameOf = (index: number): string => `file-${index}`;

test('O13 exactly what the rule lets go is deleted, and a dry run says the same', async () => {
  await fc.assert(
    fc.asyncProperty(spools, async (spool) => {
      const gigabytes = (bytes: number) => bytes / 1_000_000_000;
      const scene = await RetentionScene.open({
        done: { days: spool.done.days, gigabytes: gigabytes(spool.done.bytes) },
        rejected: { days: spool.rejected.days, gigabytes: gigabytes(spool.rejected.bytes) },
        minimumDays: spool.minimumDays,
      });
      try {
        for (const [index, { fate, bytes, ...each }] of spool.files.entries()) {
          const made: ArchivedFile = { ...each, name: nameOf(index), content: 'x'.repeat(bytes) };
          if (fate === 'unrecorded') await scene.write(scene.placeOf(made), 'x');
          else await scene.archive(made);
          if (fate === 'changed') await scene.write(scene.placeOf(made), 'y'.repeat(bytes));
        }
        const gone = expected(spool).map(nameOf);
        const { result: announced } = await scene.dryRun();
        const { result: done } = await scene.run();
        expect([announced.records, done.records]).toEqual([gone.length, gone.length]);
        const all = spool.files.map((_, index) => nameOf(index));
        expect(await scene.files()).toEqual(all.filter((name) => !gone.includes(name)).sort());
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 25 },
  );
}, 60_000);
