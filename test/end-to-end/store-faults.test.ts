import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import { daemons, install, writeInto, type TestInstallation } from '../support/installation.ts';
import { linesOf, loggedTimes } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';

/** A store that is locked, cannot be written, or is damaged, while real daemons work on it. */

let installation: TestInstallation;
let warehouse: KeyRing;
beforeEach(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
});
afterEach(() => installation.close());

const inbox = 'inboundSalesOrderDispatch';
const storeFile = (): string => join(installation.home, 'var', 'enrol.db');

async function drop(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const order = { id: String(884_500 + n), devices: [`ZZSTORE${n}`] };
    await installation.drop(inbox, `${order.id}.pgp`, await sealedDispatch(order, warehouse));
  }
}

/** So many files were loaded, each once, and archived. */
async function expectLoaded(count: number): Promise<void> {
  await waitFor(
    `${count} archived files`,
    async () => (await installation.files(inbox, 'done')).length === count || undefined,
  );
  const { value } = await installation.json('batch', 'list', '--limit', '1000');
  expect(value).toHaveLength(count);
  for (const folder of ['in', 'work', 'tmp', 'rejected', 'hold'])
    expect([folder, ...(await installation.files(inbox, folder))]).toEqual([folder]);
}

test('D04: a store that somebody keeps locked: daemons wait, rest and say so; then all goes on', async () => {
  await installation.configure([[['store', 'busySeconds'], 0.2]]);
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  const other = new SqliteDatabase(storeFile());
  other.exec('begin immediate');
  await drop(3);
  await loggedTimes(loader, 'task.stopped', 2);
  for (const line of linesOf(loader, 'task.stopped'))
    expect(line).toMatchObject({ task: `inbox ${inbox}`, code: 'STORE_BUSY', class: 'transient' });
  expect(loader.running).toBe(true);
  expect(await installation.files(inbox, 'in')).toHaveLength(3);
  other.exec('commit');
  other.close();
  await expectLoaded(3);
  expect(linesOf(loader, 'task.resumed')).toHaveLength(1);
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
});

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
// A machine without these cannot raise the limit of a running process; the reporter names what was left out.
const limitTest = has('bash') && has('prlimit') ? test : test.skip;

limitTest('R04: writes fail with EFBIG: the task rests, and resumes by itself', async () => {
  const script = `#!/bin/bash\nulimit -S -f 100\nexec '${process.execPath}' "$@"\n`;
  const limited = await writeInto(installation, 'limited', script);
  await chmod(limited, 0o755);
  const loader = installation.start(['loader'], { node: limited });
  await drop(40);
  await loggedTimes(loader, 'task.stopped', 2);
  const [first = {}, second = {}] = linesOf(loader, 'task.stopped');
  expect(first).toMatchObject({ task: `inbox ${inbox}`, class: 'environment', code: 'STORE_FAILED' });
  const rest = Date.parse(String(second.time)) - Date.parse(String(first.time));
  expect(rest).toBeGreaterThanOrEqual(950);
  expect(loader.running).toBe(true);
  spawnSync('prlimit', ['--pid', String(loader.child.pid), '--fsize=unlimited:unlimited']);
  await expectLoaded(40);
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
});

describe('D08: pages of the store are overwritten', () => {
  const pageSize = 4096;

  /** Rubbish in every page but those that SQLite needs to open the file. */
  async function damage(): Promise<string> {
    const { size } = await stat(storeFile());
    expect(size).toBeGreaterThan(40 * pageSize);
    const file = await open(storeFile(), 'r+');
    const rubbish = Buffer.alloc(size - 8 * pageSize, 0x5a);
    await file.write(rubbish, 0, rubbish.length, 8 * pageSize);
    await file.close();
    return digest();
  }
  const digest = (): string => createHash('sha256').update(readFileSync(storeFile())).digest('hex');

  test('while a daemon runs: it ends with 4 and says so, and nobody mends the file', async () => {
    await drop(5);
    expect(await installation.run('loader', '--once')).toMatchObject({ code: 0 });
    const loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    // As long as it is open, nobody brings the write-ahead log into the file.
    const other = new SqliteDatabase(storeFile());
    other.pragma('user_version');
    const before = await damage();
    // A commit of somebody else makes the daemon look at the file again.
    other.pragma('user_version = 7');
    const { code, stderr } = await loader.exit;
    expect(code).toBe(exitCodes.store.code);
    expect(stderr).toMatch(/^enrol: STORE_DAMAGED: .*malformed\nWhat to do: Stop all processes, .*backup/);
    expect(linesOf(loader, 'daemon.failed')).toMatchObject([{ level: 'error', code: 'STORE_DAMAGED' }]);
    expect(linesOf(loader, 'daemon.stopped')).toMatchObject([{ exitCode: exitCodes.store.code }]);
    expect(digest()).toBe(before);
    other.close();
  });

  test('before the start: every daemon is refused with 4, or ends so as soon as it meets the damage', async () => {
    await drop(5);
    expect(await installation.run('loader', '--once')).toMatchObject({ code: 0 });
    const before = await damage();
    for (const daemon of daemons) {
      const { code, stderr } = await installation.run(daemon);
      expect([daemon, code, stderr]).toEqual([
        daemon,
        exitCodes.store.code,
        expect.stringMatching(/^enrol: STORE_DAMAGED: /),
      ]);
    }
    expect(digest()).toBe(before);
  });
});
