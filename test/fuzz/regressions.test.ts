import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { Input } from './input.ts';
import { openKinds, type Kinds } from './kinds/registry.ts';
import { openScene, type Scene } from './scene.ts';
import { verdictOf } from './verdict.ts';

/** What the fuzzer found once, and was mended: inputs as small as they could be made, and how each has to end. */

interface Regression extends Omit<Input, 'bytes'> {
  readonly expected: string;
  /** What it did before. */
  readonly was: string;
}

const folder = fileURLToPath(new URL('regressions/', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

let scene: Scene;
let kinds: Kinds;
beforeAll(async () => {
  scene = await openScene();
  kinds = await openKinds(scene);
});
afterAll(() => scene.rt.close());

test.each(names)('%s', async (name) => {
  const regression = JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Regression;
  const { expected, was, ...input } = regression;
  const bytes = readFileSync(`${folder}${name}.bin`);
  expect(was).not.toBe(expected);
  expect(await verdictOf(kinds[input.kind], { ...input, bytes })).toEqual({ outcome: expected });
});
