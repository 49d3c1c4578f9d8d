import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { findAtEnd } from '../chaos/flow-end.ts';
import { anyPending, isAtEnd } from '../chaos/flow-work.ts';
import { enterOrders } from '../chaos/trunk.ts';
import { sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { daemons, emptyHome, filesUnder, install, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Backups are taken while real daemons work, and one is brought into an empty home. The provider takes nothing before
 * that: what it had taken since the backup would come to it twice, which no program can know.
 */

const inbox = 'inboundSalesOrderDispatch';
const orders: OrderInHand[] = Array.from({ length: 20 }, (_, n) => ({
  id: String(90_511_000 + n),
  devices: [`ZZBACKUP${n}X0`, `ZZBACKUP${n}X1`],
  organisation: `BACKUPORG${n}`,
}));

let live: TestInstallation;
let warehouse: KeyRing;
let backups: string;
/** Those that were taken while the files flowed, and the files that were dropped before each was begun. */
const taken: { readonly folder: string; readonly before: readonly string[] }[] = [];
const digests = new Map<string, OrderInHand>();
const opened: TestInstallation[] = [];

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const home = async (): Promise<TestInstallation> => {
  const made = await emptyHome();
  opened.push(made);
  return made;
};

interface Saved {
  readonly folder: string;
  readonly manifest: { readonly leftOut: { place: string; why: string }[] };
  readonly unfinished: string[];
}
async function backUp(...words: string[]): Promise<Saved> {
  const { code, value } = await live.json('backup', backups, ...words);
  expect({ code, value }).toMatchObject({ code: exitCodes.ok.code });
  return value as Saved;
}
const check = (folder: string) => live.json('restore', folder, '--check');

beforeAll(async () => {
  live = await install();
  opened.push(live);
  warehouse = await live.addPartner('warehouse');
  backups = join(live.home, 'backups');
  await mkdir(backups);
  await enterOrders(live, orders);
  const running = daemons.map((daemon) => live.start([daemon]));
  for (const program of running) await program.logged('daemon.ready');
  // Files arrive, and requests leave, for as long as backups are made.
  const flow = (async () => {
    for (const order of orders) {
      const bytes = await sealedDispatch(order, warehouse);
      await live.drop(inbox, `${order.id}.pgp`, bytes);
      digests.set(digestOf(bytes), order);
      if (Number(order.id) % 10 === 9) await live.run('job', 'run', 'deviceEnrolmentRequest');
    }
  })();
  for (let n = 0; n < 3; n++) {
    const before = [...digests.keys()];
    taken.push({ before, folder: (await backUp()).folder });
  }
  await flow;
  for (const program of running) await program.end('SIGKILL');
}, 120_000);
afterAll(async () => {
  for (const each of opened) await each.close();
});

/** SHA-256 of the dispatch files in a spool. */
async function dispatchesIn(spool: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const name of await filesUnder(join(spool, inbox)))
    found.add(digestOf(await readFile(join(spool, inbox, name))));
  return found;
}

/** What the operator keeps elsewhere. */
async function bringSecrets(installation: TestInstallation): Promise<void> {
  await cp(join(live.home, 'var', 'secrets'), join(installation.home, 'var', 'secrets'), { recursive: true });
}

test('every backup that was taken under load is sound, and has every file that was there before', async () => {
  for (const { folder, before } of taken) {
    const { code, value } = await check(folder);
    expect({ code, value }).toMatchObject({
      code: exitCodes.ok.code,
      value: { damage: [], differences: [] },
    });
    const found = await dispatchesIn(join(folder, 'spool'));
    expect(before.filter((digest) => !found.has(digest))).toEqual([]);
    for (const name of await filesUnder(folder))
      expect({ name, mode: (await stat(join(folder, name))).mode & 0o777 }).toEqual({ name, mode: 0o600 });
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  }
}, 60_000);

test('K14: restored into an empty home, everything comes to its end once', async () => {
  const { folder = '' } = taken[1] ?? {};
  const restored = await home();
  const { code, stdout, stderr } = await restored.run('restore', folder, '--reason', 'the disk died');
  expect({ code, stderr }).toEqual({ code: exitCodes.ok.code, stderr: '' });
  expect(stdout).toContain('the adaptor last');
  await bringSecrets(restored);
  expect((await restored.json('spool', 'check')).code).toBe(exitCodes.ok.code);

  const found = await dispatchesIn(restored.spool());
  const expected = [...digests].filter(([digest]) => found.has(digest));
  const state = {
    installation: restored,
    db: await restored.store(),
    orders: expected.map(([, order]) => order),
    dropped: new Map(expected.map(([digest, { id }]) => [`${id}.pgp`, digest])),
  };
  expect(expected.length).toBeGreaterThan(0);
  await restored.startFileSimulator('apple', {});
  const running = daemons.map((daemon) => restored.start([daemon]));
  await waitFor(
    'every device to be enrolled',
    async () => {
      if (await anyPending(state)) await restored.run('job', 'run', 'deviceEnrolmentRequest');
      return isAtEnd(state);
    },
    60,
  );
  for (const program of running) expect((await program.end('SIGTERM')).code).toBe(0);
  expect(await findAtEnd(state)).toEqual([]);

  // What the provider had taken and answered then is not sent again, and numbers are not given a second time.
  const numbers = await state.db.selectFrom('audit').select('id').orderBy('id', 'desc').execute();
  expect(numbers[0]?.id).toBeGreaterThan(1_000_000);
}, 120_000);
