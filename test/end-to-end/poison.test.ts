import { opendirSync } from 'node:fs';
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { dispatchBytes } from '../support/dispatches.ts';
import { install, TestInstallation, type Program } from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';

/** A file that kills the daemon whenever it is worked on, and a thousand good ones behind it. */

const inbox = 'inboundSalesOrderDispatch';
const preload = fileURLToPath(new URL('../support/poison-preload.ts', import.meta.url));

let installation: TestInstallation;
afterEach(() => installation.close());

/** An installation in memory, whose warehouse sends plain files: rates are to be ours, not the disk's or OpenPGP's. */
async function make(good: number): Promise<void> {
  const onDisk = await install();
  installation = new TestInstallation(await mkdtemp('/dev/shm/enrol-'));
  await cp(onDisk.home, installation.home, { recursive: true });
  await onDisk.close();
  await installation.configure([
    [['spool', 'reserveMegabytes'], 0],
    [['store', 'reserveMegabytes'], 0],
    [['inboxes', inbox, 'encryption'], 'none'],
    [['inboxes', inbox, 'signature'], 'forbidden'],
    [['inboxes', inbox, 'signedBy'], []],
  ]);
  for (let n = 0; n < good; n++) {
    const bytes = dispatchBytes({ id: String(600_000 + n), devices: [`ZZGOOD${n}`] });
    await writeFile(installation.spool(inbox, 'in', `good${n}.json`), bytes);
  }
}

const startLoader = (): Program =>
  installation.start(['loader'], {
    env: { NODE_OPTIONS: `--import=${preload}`, POISON_WORK: installation.spool(inbox, 'work') },
  });

/** Without reading all its names again and again. */
function isEmpty(folder: string): boolean {
  const entries = opendirSync(installation.spool(inbox, folder));
  const first = entries.readSync();
  entries.closeSync();
  return first === null;
}

/** Works everything off, and starts the daemon again whenever it dies, as a service manager does. */
async function workOff(): Promise<{ deaths: number; filesPerSecond: number }> {
  for (let deaths = 0; deaths < 10; deaths++) {
    const loader = startLoader();
    await waitFor(
      'the end of the work, or of the process',
      () => !loader.running || (isEmpty('in') && isEmpty('work')) || undefined,
      55,
    );
    if (!loader.running) {
      expect(loader.child.signalCode).toBe('SIGKILL');
      continue;
    }
    const times = linesOf(loader, 'file.done').map((line) => Date.parse(String(line.time)));
    const filesPerSecond = (1000 * (times.length - 1)) / (Math.max(...times) - Math.min(...times));
    expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    return { deaths, filesPerSecond };
  }
  throw new Error('the daemon dies again and again');
}

async function expectLoaded(good: number): Promise<void> {
  expect(await installation.files(inbox, 'done')).toHaveLength(good);
  const db = await installation.store();
  const batches = await db.selectFrom('batch').select('external_file_name').execute();
  expect(new Set(batches.map((batch) => batch.external_file_name)).size).toBe(good);
  expect(batches).toHaveLength(good);
  for (const folder of ['in', 'work', 'tmp', 'rejected'])
    expect([folder, ...(await installation.files(inbox, folder))]).toEqual([folder]);
}

test('R08 K11: a file that kills the daemon is held after three deaths; a thousand behind it pass', async () => {
  await make(300);
  const without = await workOff();
  await expectLoaded(300);
  await installation.close();

  await make(1000);
  await writeFile(
    installation.spool(inbox, 'in', 'poison.json'),
    dispatchBytes({ id: '1', devices: ['ZZ'] }),
  );
  const poisoned = await workOff();
  expect(poisoned.deaths).toBe(3);
  await expectLoaded(1000);
  expect(await installation.files(inbox, 'hold')).toEqual(['poison.json', 'poison.json.reason.json']);
  const { code, value } = await installation.json('file', 'list', '--state', 'held');
  expect(code).toBe(exitCodes.ok.code);
  expect(value).toMatchObject([{ name: 'poison.json', fault_code: 'CRASH_LOOP', crashes: 3 }]);

  const rate = (figures: typeof without) => `${figures.filesPerSecond.toFixed(0)} files/s`;
  const share = Math.round((100 * poisoned.filesPerSecond) / without.filesPerSecond);
  console.log(`R08: without poison ${rate(without)}; with it ${rate(poisoned)}: ${share} % of that`);
}, 120_000);
