import {
  appendFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { backUp } from '../../shared/backup/back-up.ts';
import { checkBackup } from '../../shared/backup/check-backup.ts';
import { manifestFiles, readBackup, storePath, writeManifest } from '../../shared/backup/manifest.ts';
import { restore } from '../../shared/backup/restore.ts';
import { openInstallation } from '../../shared/store/installation.ts';
import { checkSpool } from '../../shared/operator/spool-check.ts';
import { inspectStoreCopy } from '../../shared/store/sqlite/store-copy.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { listening, run } from '../chaos/run.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { emptyHome, filesUnder, install, writeInto, type TestInstallation } from '../support/installation.ts';
import { noMounts } from '../support/namespace.ts';
import { SmallDisks } from '../support/small-disks.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** Backups that are no good, places where none may go, and crashes on the way. */

const inbox = 'inboundSalesOrderDispatch';
const names = ['9101', '9102', '9103', '9104', '9105', '9106'];
const orders: OrderInHand[] = names.map((id) => ({ id, devices: [`ZZ${id}`] }));

let live: TestInstallation;
let warehouse: KeyRing;
let backups: string;
/** A sound one. */
let sound: string;
const opened: TestInstallation[] = [];

const home = async (): Promise<TestInstallation> => {
  const made = await emptyHome();
  opened.push(made);
  return made;
};
const withLive = async <T>(
  work: (installation: Awaited<ReturnType<typeof openInstallation>>) => Promise<T>,
) => {
  const installation = await openInstallation({ home: live.home });
  try {
    return await work(installation);
  } finally {
    await installation.db.destroy();
  }
};
const save = (to = backups, withSecrets = false) =>
  withLive((installation) => backUp({ ...installation, to, withSecrets, now: () => new Date() }));
const restoreInto = (target: TestInstallation, folder: string, storeOnly = false) => {
  const operator = { who: 'test', reason: 'test', now: new Date() };
  return restore({ folder, home: target.home, storeOnly, operator });
};
const drop = async (order: OrderInHand | undefined) => {
  if (order) await live.drop(inbox, `${order.id}.pgp`, await sealedDispatch(order, warehouse));
};

beforeAll(async () => {
  live = await install();
  opened.push(live);
  warehouse = await live.addPartner('warehouse');
  backups = join(live.home, 'backups');
  await mkdir(backups);
  await live.enrol('orders', 'import', await writeInto(live, 'orders.json', ordersFile(orders)));
  await drop(orders[0]);
  await live.drop(inbox, 'bad.pgp', Buffer.from('not a message'));
  await live.run('loader', '--once');
  sound = (await save()).folder;
}, 60_000);
afterAll(async () => {
  for (const each of opened) await each.close();
});

/** A copy of the sound one. */
async function copy(name: string): Promise<string> {
  const folder = join(live.home, name);
  await cp(sound, folder, { recursive: true });
  return folder;
}

test('secrets are left out, and said to be; --with-secrets takes them in', async () => {
  const secret = 'files/var/secrets/pgp-passphrase';
  const { manifest, files } = await readBackup(sound);
  expect(manifest).toMatchObject({ secrets: false, leftOut: [{ why: 'a secret' }] });
  const passphrase = (await readFile(join(live.home, 'var/secrets/pgp-passphrase'), 'utf8')).trim();
  for (const name of await filesUnder(sound))
    expect((await readFile(join(sound, name))).includes(passphrase)).toBe(false);
  expect(files.map(({ path }) => path)).not.toContain(secret);
  const full = await readBackup((await save(backups, true)).folder);
  expect(full.manifest).toMatchObject({ secrets: true, leftOut: [] });
  expect(full.files.map(({ path }) => path)).toContain(secret);
}, 60_000);

test('what is damaged is named, and is not restored', async () => {
  const folder = await copy('damaged');
  const done = (await filesUnder(join(folder, 'spool', inbox, 'done')))[0] ?? '';
  const bad = join(folder, 'spool', inbox, 'done', done);
  const bytes = await readFile(bad);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(bad, bytes);
  await rm(join(folder, 'spool', inbox, 'rejected', 'bad.pgp'));
  await appendFile(join(folder, 'store', 'enrol.db'), 'x');
  await writeFile(join(folder, 'spool', 'more'), 'of somebody');
  const { code, value } = await live.json('restore', folder, '--check');
  expect({ code, value }).toMatchObject({
    code: exitCodes.refused.code,
    value: {
      damage: [
        { path: `spool/${inbox}/done/${done}`, what: 'its bytes are not those that were saved' },
        { path: `spool/${inbox}/rejected/bad.pgp`, what: 'is not there' },
        { path: storePath, what: expect.stringMatching(/^has \d+ bytes, not \d+$/) as unknown },
      ],
      unlisted: ['spool/more'],
    },
  });
  const target = await home();
  const refused = await target.json('restore', folder);
  expect(refused).toMatchObject({
    code: exitCodes.refused.code,
    value: { error: { code: 'BACKUP_DAMAGED' } },
  });
  expect(await readdir(target.home)).toEqual([]);
}, 60_000);

/** Changes the store of a backup, and lets its manifest say so: it was like that when it was saved. */
async function withStore(name: string, change: (path: string) => Promise<void> | void): Promise<string> {
  const folder = await copy(name);
  const store = join(folder, storePath);
  const { manifest, files } = await readBackup(folder);
  await change(store);
  for (const each of manifestFiles) await rm(join(folder, each));
  const bytes = await readFile(store);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { files: _counted, ...about } = manifest;
  const rows = inspectStoreCopy(store).rows ?? {};
  await writeManifest(
    folder,
    { ...about, store: { engine: 'sqlite', rows } },
    files.map((file) => (file.path === storePath ? { ...file, sha256, size: bytes.length } : file)),
  );
  return folder;
}

const changedBy = (statement: string) => (path: string) => {
  const db = new SqliteDatabase(path);
  db.exec(statement);
  db.close();
};

test('D08: a store that is damaged in itself is found', async () => {
  const folder = await withStore('rotten', async (path) => {
    const bytes = await readFile(path);
    bytes.fill(0xff, 20 * 4096, 40 * 4096);
    await writeFile(path, bytes);
  });
  expect((await checkBackup(folder)).damage[0]?.path).toBe(storePath);
});

test('D06: a store of a newer program is refused; one that has a file in hand without the file is no good', async () => {
  const later = `insert into kysely_migration (name, timestamp) values ('9999-later', '2030')`;
  const newer = checkBackup(await withStore('newer', changedBy(later)));
  await expect(newer).rejects.toMatchObject({ code: 'STORE_SCHEMA' });
  const place = `${inbox}/work/1__9101.pgp`;
  const inHand = `update delivery set state = 'deferred', moved_at = null, settled_at = null, inode = '1',
    place = '${place}' where state = 'done'`;
  const { damage } = await checkBackup(await withStore('lost', changedBy(inHand)));
  expect(damage).toMatchObject([{ path: `spool/${place}` }]);
});

test('a folder that is no backup, and places where none may go, are refused', async () => {
  await expect(checkBackup(live.home)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await expect(save(join(live.home, 'nowhere'))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await symlink(live.spool(), join(live.home, 'link'));
  const inConfig = join(live.home, 'config', 'backups');
  await mkdir(inConfig);
  for (const to of [live.spool(inbox), join(live.home, 'link'), inConfig, live.keys])
    await expect(save(to)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  for (const made of [inConfig, join(live.home, 'link')]) await rm(made, { recursive: true });
});

test('a backup that leads out of the home is none', async () => {
  const folder = await copy('leads-out');
  const file = join(folder, 'backup.json');
  const said = JSON.parse(await readFile(file, 'utf8')) as { folders: string[] };
  await writeFile(file, JSON.stringify({ ...said, folders: [...said.folders, '../outside'] }));
  const target = await home();
  await expect(restoreInto(target, folder)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(await readdir(target.home)).not.toContain('outside');
});

test('nothing is restored over a store, or over files', async () => {
  const before = await filesUnder(live.home);
  await expect(restoreInto(live, sound)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await filesUnder(live.home)).toEqual(before);
  const target = await home();
  await mkdir(target.spool(inbox, 'in'), { recursive: true });
  await writeFile(target.spool(inbox, 'in', 'x'), 'of a sender');
  await expect(restoreInto(target, sound)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await target.files()).toEqual([`${inbox}/in/x`]);
  // SQLite would bring the log of the store before into the one that is restored.
  for (const suffix of ['-wal', '-journal']) {
    const other = await home();
    await mkdir(join(other.home, 'var'));
    await writeFile(join(other.home, 'var', `enrol.db${suffix}`), 'of the store before');
    await expect(restoreInto(other, sound)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  }
});

test('K14: only the store is restored; what came since is known again', async () => {
  await drop(orders[1]);
  await live.run('loader', '--once');
  const copyOf = await live.copy();
  opened.push(copyOf);
  for (const name of await readdir(join(copyOf.home, 'var')))
    if (name.startsWith('enrol.db')) await rm(join(copyOf.home, 'var', name));
  await restoreInto(copyOf, sound, true);
  const { value } = await copyOf.json('spool', 'check');
  expect(value).toMatchObject({ differences: [{ kind: 'unknown' }] });
  expect(await copyOf.json('spool', 'adopt', '--reason', 'restored')).toMatchObject({
    value: [{ name: '9102.pgp', id: 1_000_001 }],
  });
  expect((await copyOf.run('spool', 'check')).code).toBe(exitCodes.ok.code);
}, 60_000);

test('a backup that is killed is seen to be unfinished, and the next one says so', async () => {
  const before = await readdir(backups);
  for (const point of ['backup.copied', 'backup.written'])
    expect(await run(live, ['backup', backups], listening({ KILL_AT: `${point}:1` }))).toMatchObject({
      signal: 'SIGKILL',
    });
  const left = (await readdir(backups)).filter((name) => !before.includes(name)).sort();
  expect(left).toHaveLength(2);
  for (const name of left) expect(name).toMatch(/\.unfinished$/);
  await expect(checkBackup(join(backups, left[0] ?? ''))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(await save()).toMatchObject({ unfinished: left });
  for (const name of left) await rm(join(backups, name), { recursive: true });
}, 60_000);

test('a restore that is killed leaves no store, and can be made anew', async () => {
  const target = await home();
  for (const point of ['restore.placed', 'restore.drafted']) {
    expect(await run(target, ['restore', sound], listening({ KILL_AT: `${point}:1` }))).toMatchObject({
      signal: 'SIGKILL',
    });
    await expect(openInstallation({ home: target.home })).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(restoreInto(target, sound)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await rename(target.spool(), `${target.spool()}-${point}`);
  }
  await restoreInto(target, sound);
  expect((await target.run('spool', 'check')).code).toBe(exitCodes.ok.code);
}, 60_000);

test('a file of the configuration is whole as soon as it has its name', async () => {
  const name = join('config', 'large');
  await writeFile(join(live.home, name), Buffer.alloc(8_000_000));
  const target = await home();
  const end = new AbortController();
  const restored = restoreInto(target, (await save()).folder).finally(() => {
    end.abort();
  });
  const sizes = new Set<number | undefined>();
  while (!end.signal.aborted) {
    sizes.add(statSync(join(target.home, name), { throwIfNoEntry: false })?.size);
    await setImmediate();
  }
  await restored;
  expect(sizes).toEqual(new Set([undefined, 8_000_000]));
  await rm(join(live.home, name));
});

const stops = ['claim.moved-aside', 'claim.claimed', 'settle.linked', 'settle.unlinked'];

/** A daemon that is stopped between two steps lives: what it has in hand is saved as it stands there. */
test.each(stops)(
  'K03 K04: saved while a file stands at %s, it is in the restored store once',
  async (point) => {
    const order = orders[2 + stops.indexOf(point)];
    await drop(order);
    const loader = live.start(['loader', '--once'], {
      env: listening({ KILL_AT: `${point}:1`, KILL_SIGNAL: 'SIGSTOP' }),
    });
    const state = `/proc/${loader.child.pid ?? 0}/stat`;
    await waitFor('the loader to stop', async () => (await readFile(state, 'utf8')).includes(') T '));
    const { folder } = await save();
    const restored = await home();
    await restoreInto(restored, folder);
    await cp(join(live.home, 'var', 'secrets'), join(restored.home, 'var', 'secrets'), { recursive: true });
    const { code, stdout } = await restored.run('loader', '--once');
    expect(code).toBe(exitCodes.ok.code);
    expect(stdout).not.toMatch(/file\.(lost|deferred|rejected|orphan)/);
    for (const place of ['in', 'tmp', 'work', 'hold']) expect(await restored.files(inbox, place)).toEqual([]);
    const { loaded, db } = await openInstallation({ home: restored.home });
    const named = await db
      .selectFrom('delivery')
      .select('state')
      .where('name', '=', `${order?.id ?? ''}.pgp`)
      .execute();
    expect(named).toEqual([{ state: 'done' }]);
    expect((await checkSpool(loaded, db)).differences).toEqual([]);
    await db.destroy();
    // Until now it lived, and would have been the holder of the file in the restored store, too.
    loader.child.kill('SIGCONT');
    await loader.exit;
  },
  60_000,
);

// A machine that lets nobody mount cannot run this one; the reporter names what was left out, and under CI it fails.
if (noMounts !== undefined) console.warn(`a full disk of backups is left out: ${noMounts}`);
(noMounts === undefined ? test : test.skip)(
  'a disk of backups that is full: nothing is left of it',
  async () => {
    const disks = await SmallDisks.make({ spool: 8, store: 8, log: 8 }, [[['log', 'folder'], '']]);
    try {
      const store = (await stat(join(disks.home, 'store', 'enrol.db'))).size;
      const free = [100, Math.ceil(store / 1024) + 24];
      for (const kilobytes of free) {
        disks.fill('log', kilobytes);
        const { code, stdout } = await disks.start(['backup', join(disks.inside, 'log'), '--json']).exit;
        expect({ code, stdout }).toMatchObject({ code: exitCodes.failed.code });
        expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NO_SPACE' } });
        expect(await readdir(join(disks.home, 'log'))).toEqual(['.filler']);
        disks.makeRoom('log');
      }
      expect((await disks.start(['backup', join(disks.inside, 'log')]).exit).code).toBe(exitCodes.ok.code);
    } finally {
      await disks.close();
    }
  },
  60_000,
);

test('a store on a server is not in the backup, and is said not to be; the files are', async () => {
  const stores = await PostgresStores.start();
  const shared = await install(stores);
  try {
    await shared.drop(inbox, 'x.pgp', Buffer.from('of a sender'));
    await mkdir(join(shared.home, 'backups'));
    const { stdout } = await shared.run('backup', join(shared.home, 'backups'));
    expect(stdout).toContain('The store is on a server and not in here: save it there before this');
    const [name = ''] = await readdir(join(shared.home, 'backups'));
    const folder = join(shared.home, 'backups', name);
    const { manifest, damage } = await checkBackup(folder);
    expect({ store: manifest.store, damage }).toMatchObject({ store: { engine: 'postgres' }, damage: [] });
    const target = await home();
    await expect(restoreInto(target, folder, true)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await restoreInto(target, folder);
    expect(await target.files(inbox)).toEqual(['in/x.pgp']);
  } finally {
    await shared.close();
    await stores.close();
  }
}, 60_000);
