import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';

import { DocumentProblem } from '../../../shared/generic/problem.ts';
import { exitCodeOf, exitCodes } from '../../../shared/runtime/exit-codes.ts';
import { faultCodes, faultRow, isFaultCode, type FaultCode } from '../../../shared/runtime/fault-codes.ts';
import { bug, Fault, toFault } from '../../../shared/runtime/faults.ts';

const coded = (code: string) => Object.assign(new Error('it failed'), { code });

describe('toFault', () => {
  test.each([
    ['ENOSPC', 'NO_SPACE', 'environment'],
    ['EIO', 'IO_ERROR', 'environment'],
    ['ESTALE', 'FILE_BUSY', 'transient'],
    // As Node names the errors of quotas and file servers, and one that nobody has a name for (EUCLEAN).
    [`Unknown system error -${constants.errno.EDQUOT}`, 'NO_SPACE', 'environment'],
    [`Unknown system error -${constants.errno.ESTALE}`, 'FILE_BUSY', 'transient'],
    ['Unknown system error -117', 'IO_ERROR', 'environment'],
    ['EACCES', 'SPOOL_PERMISSION', 'transient'],
    ['SQLITE_BUSY', 'STORE_BUSY', 'transient'],
    ['SQLITE_BUSY_RECOVERY', 'STORE_BUSY', 'transient'],
    // A write that fails may be a quota, which SQLite does not tell from others.
    ['SQLITE_IOERR_WRITE', 'STORE_FAILED', 'environment'],
    ['SQLITE_IOERR_SHMSIZE', 'NO_SPACE', 'environment'],
    ['SQLITE_IOERR_READ', 'STORE_DAMAGED', 'environment'],
    ['SQLITE_IOERR_FSYNC', 'STORE_DAMAGED', 'environment'],
    ['SQLITE_CORRUPT_INDEX', 'STORE_DAMAGED', 'environment'],
    ['SQLITE_FULL', 'NO_SPACE', 'environment'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'BUG', 'bug'],
    ['ENOTHINGKNOWN', 'BUG', 'bug'],
  ])('%s is %s, of class %s', (code, fault, expected) => {
    expect(toFault(coded(code))).toMatchObject({ code: fault, class: expected, detail: 'it failed' });
  });

  test('R06: too many open files: what to do names the limits', () => {
    for (const errno of ['EMFILE', 'ENFILE']) {
      expect(toFault(coded(errno)).action).toMatch(/LimitNOFILE.*ulimit -n.*fs\.file-max/);
    }
  });

  test('an error of the file system itself, from the real one', async () => {
    const thrown: unknown = await readFile('/no/such/folder/file').catch((error: unknown) => error);
    expect(toFault(thrown)).toMatchObject({ code: 'SPOOL_MISSING' });
  });

  test('a problem of a document is the fault of its code', () => {
    const problem = new DocumentProblem('COUNT_MISMATCH', 'says 3, has 2');
    expect(toFault(problem)).toMatchObject({ code: 'COUNT_MISMATCH', class: 'permanent', cause: problem });
  });

  test('a fault stays itself; what is no error at all is a bug', () => {
    const fault = new Fault('DUPLICATE', 'again');
    expect(toFault(fault)).toBe(fault);
    expect(toFault('text')).toMatchObject({ code: 'BUG', detail: 'text' });
    expect(toFault(undefined).code).toBe('BUG');
    expect(bug('impossible').class).toBe('bug');
  });
});

describe('the fault table', () => {
  const codes = Object.keys(faultCodes) as FaultCode[];

  test.each(codes)('%s says what happened and what to do, in one line each', (code) => {
    const { what, action } = faultRow(code);
    for (const text of [what, action]) expect(text).toMatch(/^[A-Za-z][^\n]{10,300}\.$/);
    expect(Object.values(exitCodes).map((exit) => exit.code)).toContain(exitCodeOf(code));
  });

  test('no name of an object is taken for a code', () => {
    expect(isFaultCode('toString')).toBe(false);
    expect(isFaultCode('BUG')).toBe(true);
  });
});

test('the README shows the exit codes as they are', async () => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => [
    Number(code),
    meaning,
  ]);
  expect(rows).toEqual(Object.values(exitCodes).map(({ code, meaning }) => [code, meaning]));
});
