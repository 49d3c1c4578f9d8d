import { createHash } from 'node:crypto';

import { expect, test } from '@jest/globals';

import { kindNames } from './input.ts';
import { openKinds } from './kinds/registry.ts';
import { Random } from './random.ts';
import { openScene } from './scene.ts';

/** Hashes of the first inputs of each kind, as another process would make them. */
async function inputsOf(seed: string): Promise<string[]> {
  const scene = await openScene();
  const kinds = await openKinds(scene);
  const hashes: string[] = [];
  for (const kind of kindNames) {
    for (let number = 0; number < 40; number++) {
      const input = await kinds[kind].make(new Random(`${seed}:${number}`));
      // Sealed, where that belongs to it.
      const { bytes } = (await kinds[kind].dropped?.(input)) ?? input;
      hashes.push(`${kind} ${input.way} ${input.name} ${createHash('sha256').update(bytes).digest('hex')}`);
    }
  }
  await scene.rt.close();
  return hashes;
}

test('a seed and a number stand for the same input, always', async () => {
  const [first, again, other] = [await inputsOf('1'), await inputsOf('1'), await inputsOf('2')];
  expect(again).toEqual(first);
  expect(other.filter((input) => first.includes(input)).length).toBeLessThan(first.length / 10);
  expect(new Set(first).size).toBeGreaterThan(first.length * 0.8);
});
