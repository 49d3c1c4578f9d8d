import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { Doorbell } from '../../../shared/spool/doorbell.ts';
import { waitFor } from '../../support/wait-for.ts';

test('A27: a new file rings, also under a name that editors use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'doorbell-'));
  const told: string[] = [];
  let rings = 0;
  const doorbell = new Doorbell(
    folder,
    () => rings++,
    (name) => void told.push(name),
  );
  try {
    for (const name of ['x', 'x~', '.x.swp']) {
      const before = rings;
      let count = 0;
      // The watch takes a moment to stand, so there are new files until one was heard.
      await waitFor(`a ring for ${name}`, async () => {
        await writeFile(join(folder, `${count++}${name}`), '');
        return rings > before || undefined;
      });
    }
    expect(told).toEqual([]);
  } finally {
    await doorbell.close();
    await rm(folder, { recursive: true });
  }
});
