import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { Doorbell } from '../../../shared/spool/doorbell.ts';
import { waitFor } from '../../support/wait-for.ts';

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('A27: a new file rings, also under a name that editors use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'doorbell-'));
  const told: string[] = [];
  const timersBefore = timers() + 1; // The one that waits.
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
    // chokidar leaves throttle timers of a second behind, on which the test process would seem to hang.
    await waitFor('the timers of chokidar to run out', () => timers() <= timersBefore);
  }
});
