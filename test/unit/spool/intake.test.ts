import { execFileSync } from 'node:child_process';
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Intake } from '../../../shared/spool/intake.ts';
import { showName } from '../../../shared/spool/names.ts';
import { drop, temporarySpool, withSettings, type TemporarySpool } from '../../support/temporary-spool.ts';

const memory = '/dev/shm';
const [one, other] = await Promise.all([memory, tmpdir()].map((path) => stat(path).catch(() => undefined)));
// Another device needs one; where /dev/shm is none, the reporter names what was left out.
const twoDevices = one !== undefined && one.dev !== other?.dev;

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

  const stamp = (name: string, time: number) =>
    utimes(join(at.inbox.folders.in, name), time / 1000, time / 1000);

  test.each([
    ['A09: from last year', '2025-01-01'],
    ['A10: from the future', '2099-01-01'],
  ])('%s: the file’s own time does not matter', async (_, date) => {
    await drop(at.inbox, 'x');
    await stamp('x', Date.parse(date));
    expect((await look()).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x']);
  });

  test('A10: a time ahead of our clock is told once, with the seconds, when the file is taken', async () => {
    for (const [name, ahead] of [
      ['far', 3602],
      ['near', 61],
      ['past', -3600],
    ] as const) {
      await drop(at.inbox, name);
      await stamp(name, at.clock.now().getTime() + ahead * 1000);
    }
    await look();
    expect((await look(2)).ready).toEqual(['far', 'near', 'past']);
    for (let more = 0; more < 3; more++) expect((await look(2)).ready).toContain('far');
    expect(at.events).toEqual([
      { name: 'file.time-ahead', fields: { folder: at.inbox.name, file: 'far', seconds: 3600 } },
    ]);
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

  test('A26: files that were handed out and not taken come behind the others', async () => {
    intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }));
    for (let count = 0; count < 1000; count++) await drop(at.inbox, `stuck${count}`, '');
    await look();
    const [first, second] = [await look(), await look()];
    expect(new Set([...first.ready, ...second.ready]).size).toBe(1000);
    const fresh = Array.from({ length: 20 }, (_, index) => `fresh${index}`);
    for (const name of fresh) await drop(at.inbox, name);
    await look();
    const { ready, waiting } = await look();
    expect(ready).toHaveLength(500);
    expect(ready).toEqual(expect.arrayContaining(fresh));
    expect(waiting).toBe(0);
  });

  describe('A16: a crowd of files that are never taken', () => {
    const stuck = 400;
    const portion = 50;
    /** In an inbox with markers, and these have none. */
    async function crowd(): Promise<void> {
      intake = new Intake(withSettings(at.inbox, { marker: '.ok', quietSeconds: 1 }), portion);
      for (let count = 0; count < stuck; count++) await drop(at.inbox, `stuck${count}`, '');
    }

    test('A16: a new file is still served, within one turn of each portion', async () => {
      await crowd();
      for (let looks = 0; looks < 40; looks++) await look(1);
      for (const name of ['x', 'x.ok']) await drop(at.inbox, name, '');
      let looks = 1;
      while ((await look(1)).ready[0] !== 'x') looks++;
      expect(looks).toBeLessThanOrEqual(2 * Math.ceil(stuck / portion) + 2);
      expect(
        at.events.filter((event) => event.name === 'inbox.crowded').map((event) => event.fields),
      ).toEqual([{ inbox: at.inbox.name, files: stuck, lookedAtOnce: portion }]);
    });

    test('A16: all are looked at before a daemon that runs once may end', async () => {
      await crowd();
      for (const name of ['x', 'x.ok']) await drop(at.inbox, name, '');
      const found: string[] = [];
      let looks = 0;
      for (let waiting = 1; waiting > 0 && looks < 200; looks++) {
        const scan = await look(1);
        found.push(...scan.ready);
        waiting = scan.waiting;
        for (const name of scan.ready) await rm(join(at.inbox.folders.in, name));
      }
      expect(found).toEqual(['x']);
      expect(looks).toBeLessThan(200);
    });

    test('A16: the others are taken, every one, also while the crowd gets smaller', async () => {
      intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }), portion);
      for (let count = 0; count < stuck; count++) await drop(at.inbox, `good${count}`, '');
      const found = new Set<string>();
      for (let waiting = 1; waiting > 0;) {
        const scan = await look(1);
        // Of a folder this size, never more than twice a portion.
        expect(scan.ready.length).toBeLessThanOrEqual(2 * portion);
        for (const name of scan.ready) {
          found.add(name);
          await rm(join(at.inbox.folders.in, name));
        }
        waiting = scan.waiting;
      }
      expect(found.size).toBe(stuck);
    });
  });

  test('A16: one scan hands out 500 files at most and says that there are more', async () => {
    intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }));
    for (let count = 0; count < 503; count++) await drop(at.inbox, `x${count}`, '');
    await look();
    const { ready, waiting } = await look();
    expect([ready.length, waiting]).toEqual([500, 3]);
  });

  describe('A16: what one scan does not hand out, the next ones do', () => {
    /** Looks at so many files, without a quiet time, until the first 500 are ready. @returns the others */
    async function left(count: number): Promise<string[]> {
      intake = new Intake(withSettings(at.inbox, { quietSeconds: 0 }));
      const names = Array.from({ length: count }, (_, index) => `x${index}`);
      for (const name of names) await drop(at.inbox, name);
      await look();
      const first = new Set((await look()).ready);
      return names.filter((name) => !first.has(name));
    }
    const pathOf = (name = '') => join(at.inbox.folders.in, name);

    test('A16: as far as they are there, and as they were', async () => {
      const [gone, changed, same] = await left(503);
      await rm(pathOf(gone));
      await appendFile(pathOf(changed), 'more');
      // The one that waits stands for those that may have come meanwhile.
      expect(await look()).toEqual({ ready: [same], waiting: 1 });
      expect((await look()).ready).not.toContain(changed);
      expect((await look()).ready).toContain(changed);
    });

    test('A16: new files are looked at every thirty seconds, however many are left', async () => {
      expect(await left(3000)).toHaveLength(2500);
      await drop(at.inbox, 'new');
      expect(await look(29.9)).toMatchObject({ waiting: 2001 });
      expect(await look(0.1)).toMatchObject({ waiting: 1501 });
      const found = [...(await look(30)).ready, ...(await look()).ready, ...(await look()).ready];
      expect(found).toContain('new');
    });

    test('A14: but not when another folder is in the place of theirs', async () => {
      const names = await left(503);
      await rename(at.inbox.folders.in, join(at.spool, 'unmounted'));
      await mkdir(at.inbox.folders.in);
      for (const name of names) await link(join(at.spool, 'unmounted', name), pathOf(name));
      expect(await look()).toEqual({ ready: [], waiting: 3 });
      expect((await look()).ready).toEqual(names.sort());
    });
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
    expect(at.events).toEqual([{ name: 'inbox.replaced', fields: { inbox: at.inbox.name } }]);
  });

  test('A14: another folder in its place is noticed between two looks', async () => {
    await drop(at.inbox, 'x');
    await look();
    await rename(at.inbox.folders.in, join(at.spool, 'unmounted'));
    await mkdir(at.inbox.folders.in);
    await link(join(at.spool, 'unmounted', 'x'), join(at.inbox.folders.in, 'x'));
    // The very same file, and yet it has to be quiet in this folder first.
    expect((await look(2)).ready).toEqual([]);
    expect((await look(2)).ready).toEqual(['x']);
    expect(at.events).toHaveLength(1);
  });

  test('A14: with another folder of the inbox gone, nothing is taken', async () => {
    await drop(at.inbox, 'x');
    await look();
    await rm(at.inbox.folders.hold, { recursive: true });
    await expect(intake.scan()).rejects.toMatchObject({
      code: 'SPOOL_MISSING',
      detail: expect.stringContaining('/hold is missing') as unknown,
    });
    await mkdir(at.inbox.folders.hold);
    await look();
    expect((await look(2)).ready).toEqual(['x']);
  });

  (twoDevices ? test : test.skip)(
    'A14 K07: mounted anew on another device it is a fault, until it is mended',
    async () => {
      const elsewhere = await mkdtemp(join(memory, 'in-'));
      try {
        await look();
        await rename(at.inbox.folders.in, join(at.spool, 'unmounted'));
        await symlink(elsewhere, at.inbox.folders.in);
        await drop(at.inbox, 'x');
        for (let looks = 0; looks < 3; looks++)
          await expect(look(2)).rejects.toMatchObject({ code: 'SPOOL_DEVICES' });
        await rm(at.inbox.folders.in);
        await rename(join(at.spool, 'unmounted'), at.inbox.folders.in);
        await drop(at.inbox, 'y');
        await look();
        expect((await look(2)).ready).toEqual(['y']);
      } finally {
        await rm(elsewhere, { recursive: true });
      }
    },
  );
});
