import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { archiveFolder, checkInbox, makeInbox } from '../../../shared/spool/layout.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';

const memory = '/dev/shm';
const [one, other] = await Promise.all([memory, tmpdir()].map((path) => stat(path).catch(() => undefined)));
// Files of one inbox on two devices need two devices; where /dev/shm is none, the reporter names what was left out.
const twoDevices = one !== undefined && one.dev !== other?.dev;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'inbox-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('the folders of an inbox', () => {
  test('are made where they are missing, and what is there stays', async () => {
    await makeInbox(root);
    await writeFile(join(root, 'in', 'x'), 'one');
    await rm(join(root, 'hold'), { recursive: true });
    await makeInbox(root);
    expect(await checkInbox(root)).toEqual({
      in: join(root, 'in'),
      work: join(root, 'work'),
      tmp: join(root, 'tmp'),
      done: join(root, 'done'),
      rejected: join(root, 'rejected'),
      hold: join(root, 'hold'),
    });
    expect((await stat(join(root, 'in', 'x'))).size).toBe(3);
    expect((await stat(join(root, 'work'))).mode & 0o777).toBe(0o700);
  });

  test('A15: one that is missing, or is a file, is a fault that names it', async () => {
    await makeInbox(root);
    await rm(join(root, 'hold'), { recursive: true });
    await expect(checkInbox(root)).rejects.toMatchObject({ code: 'SPOOL_MISSING', detail: naming('hold') });
    await writeFile(join(root, 'hold'), '');
    await expect(checkInbox(root)).rejects.toMatchObject({ code: 'SPOOL_MISSING', detail: naming('hold') });
  });

  test('R04: one that we may not look at is not called missing', async () => {
    await makeInbox(root);
    await asOrdinaryUser(root, async () => {
      await chmod(root, 0);
      await expect(checkInbox(root)).rejects.toMatchObject({ code: 'EACCES' });
      await chmod(root, 0o700);
    });
  });

  (twoDevices ? test : test.skip)('K07: on different devices are a fault that names both', async () => {
    await makeInbox(root);
    const elsewhere = await mkdtemp(join(memory, 'inbox-'));
    try {
      await rm(join(root, 'work'), { recursive: true });
      await symlink(elsewhere, join(root, 'work'));
      const { dev } = await stat(elsewhere);
      const detail = naming(`${join(root, 'work')} on device ${dev}`);
      await expect(checkInbox(root)).rejects.toMatchObject({ code: 'SPOOL_DEVICES', detail });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });
});

/** A text with this in it. */
const naming = (part: string) => expect.stringContaining(part) as unknown;

test('the archive has a folder for each day, in UTC', async () => {
  const done = join(root, 'done');
  await mkdir(done);
  for (const time of ['2026-05-06T23:59:59.999Z', '2026-05-06T00:00:00Z']) {
    expect(await archiveFolder(done, new Date(time))).toBe(join(done, '2026/05/06'));
  }
  expect((await stat(join(done, '2026/05/06'))).isDirectory()).toBe(true);
});
