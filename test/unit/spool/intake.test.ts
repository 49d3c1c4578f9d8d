import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Intake } from '../../../shared/spool/intake.ts';
import { showName } from '../../../shared/spool/names.ts';
import { drop, temporarySpool, withSettings, type TemporarySpool } from '../../support/temporary-spool.ts';

let at: TemporarySpool;
let intake: Intake;
beforeEach(async () => {
  at = await temporarySpool();
  intake = new Intake(at.inbox);
});
afterEach(() => at.close());

/** One look after so many seconds: names that are ready, and how many wait. */
async function look(afterSeconds = 0, through = intake) {
  at.clock.advance(afterSeconds);
  const { ready, waiting } = await through.scan();
  return { ready: ready.map((candidate) => candidate.name).sort(), waiting };
}

describe('A01: a file is taken when it has been quiet', () => {
  test('over the quiet time and at least two looks', async () => {
    await drop(at.inbox, 'x');
    expect(await look()).toEqual({ ready: [], waiting: 1 });
    expect(await look(1.9)).toEqual({ ready: [], waiting: 1 });
    expect(await look(0.1)).toEqual({ ready: ['x'], waiting: 0 });
  });

  test('not after one look, however long it has lain there', async () => {
    await drop(at.inbox, 'x');
    expect(await look(1000)).toEqual({ ready: [], waiting: 1 });
  });

  test('without a quiet time still not after one look', async () => {
    intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }));
    await drop(at.inbox, 'x');
    expect((await look()).ready).toEqual([]);
    expect((await look()).ready).toEqual(['x']);
  });

  test('as long as it grows, never', async () => {
    await drop(at.inbox, 'x', '');
    for (let minute = 0; minute < 5; minute++) {
      await appendFile(join(at.inbox.folders.in, 'x'), 'more');
      expect(await look(60)).toEqual({ ready: [], waiting: 1 });
    }
    expect((await look(2)).ready).toEqual(['x']);
  });

  test('a new time stamp counts as a change, and so does another file under the name', async () => {
    const path = join(at.inbox.folders.in, 'x');
    await drop(at.inbox, 'x', 'same');
    await look();
    await utimes(path, 1, 1);
    expect((await look(2)).ready).toEqual([]);
    await writeFile(join(at.spool, 'other'), 'same');
    await utimes(join(at.spool, 'other'), 1, 1);
    await rename(join(at.spool, 'other'), path);
    expect((await look(2)).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x']);
  });

  test('A02: also a file that is found at start', async () => {
    await drop(at.inbox, 'x');
    await look();
    await look(5);
    const restarted = new Intake(at.inbox);
    expect(await look(5, restarted)).toEqual({ ready: [], waiting: 1 });
    await appendFile(join(at.inbox.folders.in, 'x'), 'the rest');
    expect((await look(2, restarted)).ready).toEqual([]);
    expect((await look(2, restarted)).ready).toEqual(['x']);
  });

  test.each([
    ['A09: from last year', '2025-01-01'],
    ['A10: from the future', '2099-01-01'],
  ])('%s: the file’s own time does not matter', async (_, date) => {
    await drop(at.inbox, 'x');
    await utimes(join(at.inbox.folders.in, 'x'), new Date(date), new Date(date));
    expect((await look()).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x']);
  });

  test('a file that went and came back is looked at anew', async () => {
    const path = join(at.inbox.folders.in, 'x');
    await drop(at.inbox, 'x');
    await look();
    await rename(path, join(at.spool, 'aside'));
    await look(2);
    await rename(join(at.spool, 'aside'), path);
    expect((await look(2)).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x']);
  });
});

describe('A27: names that are left alone', () => {
  test.each(['.x', '.x.swp', '.tmp-3-x.pgp', 'x.tmp', 'x~', 'x.part'])('%s', async (name) => {
    await drop(at.inbox, name);
    await look();
    expect(await look(1000)).toEqual({ ready: [], waiting: 0 });
  });

  test('also in an encoding that is not ours', async () => {
    for (const encoding of ['utf8', 'latin1'] as const)
      await drop(at.inbox, Buffer.from('Übersicht.tmp', encoding));
    await drop(at.inbox, '.Übersicht');
    await look();
    expect(await look(1000)).toEqual({ ready: [], waiting: 0 });
  });

  test('the inbox’s own patterns decide, and nothing else', async () => {
    intake = new Intake(withSettings(at.inbox, { ignore: ['ü*'] }));
    for (const name of ['.x.swp', 'x~', 'üx']) await drop(at.inbox, name);
    await look();
    expect((await look(2)).ready).toEqual(['.x.swp', 'x~']);
  });

  test('A04: a file renamed to its final name is taken under that name', async () => {
    await drop(at.inbox, 'x.tmp');
    await look();
    await look(5);
    await rename(join(at.inbox.folders.in, 'x.tmp'), join(at.inbox.folders.in, 'x.pgp'));
    expect((await look()).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x.pgp']);
  });
});

describe('what lies in the folder', () => {
  test('A20 A21: every name is found, whatever its bytes', async () => {
    const names = [
      Buffer.from([0xff, 0xfe, 0x41]),
      Buffer.from('line\nfeed'),
      Buffer.from('-rf'),
      Buffer.from('a;b'),
      Buffer.from('right\u202eleft'),
      Buffer.from('n'.repeat(255)),
      Buffer.from([0x1b, 0x5b, 0x32, 0x4a]),
    ];
    for (const name of names) await drop(at.inbox, name);
    await look();
    at.clock.advance(2);
    const { ready } = await intake.scan();
    expect(ready.map((candidate) => candidate.name).sort()).toEqual(names.map(showName).sort());
  });

  test('A22: names that differ in case or composition only are two files', async () => {
    for (const name of ['x', 'X', 'e\u0301', '\u00e9']) await drop(at.inbox, name);
    await look();
    expect((await look(2)).ready).toHaveLength(4);
  });

  test('A18: folders stay where they are; a pipe is a candidate and does not block', async () => {
    await mkdir(join(at.inbox.folders.in, 'folder'));
    execFileSync('mkfifo', [join(at.inbox.folders.in, 'pipe')]);
    await drop(at.inbox, 'x');
    expect(await look()).toEqual({ ready: [], waiting: 2 });
    expect((await look(2)).ready).toEqual(['pipe', 'x']);
  });

  test('A17: a link is judged itself, not what it leads to', async () => {
    const target = join(at.spool, 'target');
    await writeFile(target, 'one');
    await symlink(target, join(at.inbox.folders.in, 'link'));
    await look();
    await appendFile(target, 'two');
    expect((await look(2)).ready).toEqual(['link']);
  });

  test('A16: one scan hands out 500 files at most and says that there are more', async () => {
    intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }));
    for (let count = 0; count < 503; count++) await drop(at.inbox, `x${count}`, '');
    await look();
    const { ready, waiting } = await look();
    expect([ready.length, waiting]).toEqual([500, 3]);
  });

  test('A14 A15: that it is gone is a fault, and that it is back is noticed', async () => {
    await drop(at.inbox, 'x');
    await look();
    await rm(at.inbox.folders.in, { recursive: true });
    await expect(intake.scan()).rejects.toMatchObject({ code: 'SPOOL_MISSING' });
    await mkdir(at.inbox.folders.in);
    await drop(at.inbox, 'y');
    await look();
    expect((await look(2)).ready).toEqual(['y']);
  });
});
