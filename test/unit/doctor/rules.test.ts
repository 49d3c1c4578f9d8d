import { describe, expect, test } from '@jest/globals';

import type { Check } from '../../../shared/doctor/check.ts';
import { diskChecks } from '../../../shared/doctor/disk-rules.ts';
import { ownerCheck, type FolderFacts } from '../../../shared/doctor/folder-rules.ts';
import {
  clockChecks,
  inotifyChecks,
  limitChecks,
  memoryCheck,
  skewCheck,
} from '../../../shared/doctor/host-rules.ts';
import { nodeCheck, programFilesCheck, userCheck } from '../../../shared/doctor/program-rules.ts';

/** What the doctor concludes from what it found: facts that no test could make true of this machine. */

const verdicts = (checks: readonly Check[]) => checks.map(({ verdict }) => verdict);

test.each([
  [1024, 'ok'],
  [1023, 'warning'],
  [255, 'wrong'],
  [null, 'ok'],
])('%s open files are %s', (openFiles, expected) => {
  const other = { whose: 'loader 1', openFiles: 20_000, coreHoldsMemory: false };
  const [files, core] = limitChecks([other, { whose: 'adaptor 2', openFiles, coreHoldsMemory: true }]);
  expect(files?.verdict).toBe(expected);
  expect(core).toMatchObject({ verdict: 'warning', found: expect.stringContaining('adaptor 2') });
});

test('of a system that tells no limits nothing is said', () => {
  expect(verdicts(limitChecks([]))).toEqual(['not checked']);
  expect(verdicts(inotifyChecks(undefined))).toEqual(['not checked']);
});

test('little memory is told', () => {
  expect([511, 512].map((megabytes) => memoryCheck(megabytes).verdict)).toEqual(['warning', 'ok']);
});

test('inotify that is used up is told, with those who use most of it', () => {
  const users = [
    { process: 'code 7', instances: 100, watches: 8000 },
    { process: 'node 9', instances: 20, watches: 5 },
  ];
  const found = inotifyChecks({ maxInstances: 128, maxWatches: 8192, users });
  expect(verdicts(found)).toEqual(['warning', 'warning']);
  expect(found[0]?.found).toBe('120 of 128 are used. Instances/watches: code 7 100/8000, node 9 20/5.');
  expect(found[1]?.action).toContain('fs.inotify.max_user_watches');
  expect(verdicts(inotifyChecks({ maxInstances: 1024, maxWatches: 65_536, users }))).toEqual(['ok', 'ok']);
});

describe('the clock', () => {
  const facts = {
    now: new Date('2026-05-06T12:00:00Z'),
    programMade: new Date('2026-05-01T00:00:00Z'),
    lastEntry: undefined,
    jump: 0,
    setByTimesyncd: true,
  };

  test('of a sound host', () => {
    expect(verdicts(clockChecks(facts))).toEqual(['ok', 'ok', 'ok']);
  });

  test('that was set back is told by the program and by the store', () => {
    const [byProgram] = clockChecks({ ...facts, now: new Date('1970-01-01T00:00:00Z') });
    expect(byProgram).toMatchObject({
      verdict: 'wrong',
      found: expect.stringContaining('the program itself'),
    });
    const [byStore] = clockChecks({ ...facts, lastEntry: new Date('2026-05-06T12:02:00Z') });
    expect(byStore).toMatchObject({
      verdict: 'wrong',
      found: expect.stringContaining('120 s before the newest'),
    });
    expect(clockChecks({ ...facts, lastEntry: new Date('2026-05-06T12:00:30Z') })[0]?.verdict).toBe('ok');
  });

  test('that is stepped meanwhile, or of which nobody knows who keeps it, is told', () => {
    expect(verdicts(clockChecks({ ...facts, jump: -3, setByTimesyncd: false }))).toEqual([
      'ok',
      'warning',
      'not checked',
    ]);
  });

  test.each([
    [5, 'ok'],
    [-5.1, 'warning'],
    [60.1, 'wrong'],
  ])('%s s ahead of a server is %s', (skew, expected) => {
    expect(skewCheck('x', skew).verdict).toBe(expected);
  });
});

describe('disks', () => {
  const disk = { name: 'store', folder: '/x', type: 0xef53, inodes: 1_000_000, freeInodes: 500_000 };

  test.each([
    ['ext4', 0xef53, 'store', 'ok'],
    ['tmpfs', 0x01021994, 'store', 'warning'],
    ['NFS under SQLite', 0x6969, 'store', 'wrong'],
    ['NFS under the spool', 0x6969, 'spool', 'ok'],
    // As the kernel of some machines gives it.
    ['CIFS with a sign', 0xff534d42 | 0, 'store', 'wrong'],
  ])('%s', (_, type, name, expected) => {
    expect(diskChecks({ ...disk, type, name })[0]?.verdict).toBe(expected);
  });

  test.each([
    [1_000_000, 100_000, 'ok'],
    [1_000_000, 99_999, 'warning'],
    [1_000_000, 999, 'wrong'],
    [0, 0, 'ok'],
  ])('of %s inodes %s free: %s', (inodes, freeInodes, expected) => {
    expect(diskChecks({ ...disk, inodes, freeInodes })[1]?.verdict).toBe(expected);
  });
});

describe('folders', () => {
  const user = { uid: 1000, gid: 1000 };
  const folder = (change: Partial<FolderFacts>): FolderFacts => ({
    ...{ name: 'in', path: '/s/in', uid: 1000, gid: 7, mode: 0o2770, madeWith: 0o770, isDropFolder: true },
    ...change,
  });

  test('of which others drop files say how', () => {
    expect(ownerCheck('x', [folder({})], user)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/^The group 7 may drop files \(mode 2770\); files have that group/),
    });
    expect(ownerCheck('x', [folder({ mode: 0o700 })], user).found).toMatch(/^Only 1000 may drop files/);
  });

  test('that belong to somebody else are wrong, unless it is a drop folder into which the service may write', () => {
    expect(ownerCheck('x', [folder({ uid: 0 })], user).verdict).toBe('ok');
    expect(ownerCheck('x', [folder({ uid: 0, mode: 0o700 })], user).verdict).toBe('wrong');
    const work = folder({ name: 'work', path: '/s/work', uid: 0, isDropFolder: false, mode: 0o700 });
    expect(ownerCheck('x', [work], user)).toMatchObject({
      verdict: 'wrong',
      found: 'work belongs to 0:7 and has mode 0700; the service is 1000.',
      action: 'Give it to the service: chown 1000 /s/work',
    });
  });
});

test('the program: an old Node, files that everybody may change, and who asks', () => {
  expect(nodeCheck('v20.1.0', '/n', '>=24').verdict).toBe('wrong');
  expect(nodeCheck('v24.0.0', '/n', '>=24').verdict).toBe('ok');
  expect(programFilesCheck('/p', [{ path: '/p/bin', mode: 0o757 }])).toMatchObject({
    verdict: 'wrong',
    found: expect.stringContaining('/p/bin'),
  });
  expect(
    [
      [0, 0],
      [0, 1000],
      [7, 1000],
      [1000, 1000],
    ].map(([we = 0, service = 0]) => userCheck(we, service).verdict),
  ).toEqual(['warning', 'warning', 'warning', 'ok']);
});
