import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { filesUnder, install, type TestInstallation } from '../support/installation.ts';
import { PostgresProxy } from '../support/postgres-proxy.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';

/** A server that is not what we need, or does not let us in: what commands and daemons say of it, and what they do not. */

const canary = 'canary-7f3a';

let stores: PostgresStores;
let installation: TestInstallation;
/** Of a store that is all right. */
let url: string;

beforeAll(async () => {
  stores = await PostgresStores.start();
  installation = await install(await stores.create());
});
afterAll(async () => {
  await installation.close();
  await stores.close();
});

beforeEach(async () => {
  url = await stores.create();
  await use(url);
});

const use = (address: string) => installation.configure([[['store', 'url'], address]]);
const database = () => new URL(url).pathname.slice(1);
/** As an administrator of the server. */
const administer = (sql: string) => stores.server.query(sql, database());

function as(user: string): string {
  const own = new URL(url);
  own.username = user;
  return own.href;
}

/** Ends with 4, and with this as its message. */
async function expectRefused(message: RegExp, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await installation.run(...words);
  expect([code, stderr]).toEqual([exitCodes.store.code, expect.stringMatching(message)]);
  expect(stdout + stderr).not.toContain(canary);
}

describe('a server that does not let us in', () => {
  test('O12 a wrong password: refused, and it is shown nowhere', async () => {
    const [{ hba } = { hba: '' }] = await stores.server.query<{ hba: string }>(
      `select current_setting('hba_file') as hba`,
    );
    const rules = ['host all locked 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'];
    await administer(`copy (values ${rules.map((rule) => `('${rule}')`).join(', ')}) to '${hba}'`);
    await administer(`select pg_reload_conf()`);
    await administer(`create role locked login password 'another'`);
    await use(as('locked'));
    // It does not wait until the server gives it up, which takes a minute.
    await expectRefused(/^enrol: STORE_REFUSED: .*password/, 'status');
    await writeFile(join(installation.home, 'var', 'store-password'), `${canary}\n`, { mode: 0o600 });
    await installation.configure([[['store', 'passwordFile'], 'var/store-password']]);
    await expectRefused(/^enrol: STORE_REFUSED: password authentication failed for user "locked"/, 'status');
    await expectRefused(/^enrol: STORE_REFUSED: /, 'loader');

    await administer(`alter role locked password '${canary}'`);
    await administer(`grant all on all tables in schema public to locked`);
    const daemon = installation.start(['extractor', '--once']);
    expect((await daemon.exit).code).toBe(0);
    const shown = [daemon.stdout, daemon.stderr];
    for (const words of [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['config', 'check'],
      ['status', '--json'],
    ]) {
      const { code, stdout, stderr } = await installation.run(...words);
      expect(code).toBe(0);
      shown.push(stdout, stderr);
    }
    const set = ['config', 'set', 'store.url', `postgres://locked:${canary}@127.0.0.1/x`, '--reason', 'why'];
    const refused = await installation.run(...set);
    expect([refused.code, refused.stderr]).toEqual([
      exitCodes.usage.code,
      expect.stringMatching(/^enrol: BAD_INPUT: .*store\.url must be an address .*without a password/),
    ]);
    shown.push(refused.stdout, refused.stderr);
    for (const file of await filesUnder(installation.home))
      if (file !== 'var/store-password') shown.push(await readFile(join(installation.home, file), 'latin1'));
    expect(shown.filter((text) => text.includes(canary))).toEqual([]);
    expect(await stores.server.query('select 1 from audit', database())).toEqual([]);
    await installation.configure([[['store', 'passwordFile'], '']]);
  });

  test('no such database, no right to the tables', async () => {
    await use(stores.server.url('nowhere'));
    await expectRefused(/^enrol: STORE_MISSING: database "nowhere" does not exist/, 'status');
    await administer('create role stranger login');
    await use(as('stranger'));
    await expectRefused(/^enrol: STORE_REFUSED: permission denied .*SQLSTATE 42501/, 'status');
  });
});

describe('a server on which nothing would be safe', () => {
  /** What the server says of itself. */
  const pretend = (name: string, setting: string) =>
    administer(`
      create schema pretended;
      create view pretended.pg_settings as select name, case name when '${name}' then '${setting}' else setting end
        as setting from pg_catalog.pg_settings;
      alter database ${database()} set search_path = pretended, pg_catalog, public`);

  test.each([
    ['fsync', 'off', 'fsync of the server is off'],
    ['full_page_writes', 'off', 'full_page_writes of the server is off'],
    ['server_version_num', '140012', 'needed: 15 or later'],
  ])('D07 %s is %s: the start is refused', async (name, setting, said) => {
    await pretend(name, setting);
    await expectRefused(new RegExp(`^enrol: STORE_UNSAFE: .*${said}`), 'loader');
  });

  test('D07 commits that are confirmed before they are on the disk, texts that are not in UTF-8', async () => {
    await administer(`alter database ${database()} set synchronous_commit = off`);
    await expectRefused(/^enrol: STORE_UNSAFE: synchronous_commit/, 'loader');
    await stores.server.query(`create database ascii template template0 encoding 'SQL_ASCII'`);
    await use(stores.server.url('ascii'));
    await expectRefused(/^enrol: STORE_UNSAFE: .*SQL_ASCII/, 'init');
  });

  test('one that is read only, as a standby is: daemons end, commands that only read go on', async () => {
    await administer(`alter database ${database()} set default_transaction_read_only = on`);
    await expectRefused(/^enrol: STORE_FAILED: .*read-only transaction \(SQLSTATE 25006\)/, 'loader');
    expect((await installation.run('status')).code).toBe(0);
  });
});

describe('a store of another version', () => {
  test('D06 older, newer, half migrated: the start is refused with both versions', async () => {
    await administer(`insert into kysely_migration values ('9999-later', '')`);
    await expectRefused(
      /^enrol: STORE_SCHEMA: the store is newer \(9999-later\) than this program \(00/,
      'loader',
    );
    await administer(`delete from kysely_migration where name > '0012'`);
    await expectRefused(/^enrol: STORE_SCHEMA: the store is at 0011-settings, this program at 00/, 'loader');
    await use(await stores.create());
    url = stores.server.url(await stores.server.createDatabase());
    await use(url);
    await expectRefused(/^enrol: STORE_SCHEMA: the store is at no version, .*run enrol migrate/, 'loader');
  });

  test('D06 two commands migrate at the same time: both end well, one has done it', async () => {
    await use(stores.server.url(await stores.server.createDatabase()));
    const done = await Promise.all([installation.run('migrate'), installation.run('migrate')]);
    expect(done.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect(done.map(({ stdout }) => stdout.split(':')[0]?.trim()).sort()).toEqual(['Applied', 'Up to date.']);
  });
});

test.each([
  ['cut before', false],
  ['cut after', true],
] as const)(
  'D02 a command whose COMMIT is %s: it ends with 4, and says that it has to be looked up; it was done: %s',
  async (accident, done) => {
    const proxy = await PostgresProxy.start(stores.server.port);
    await use(proxy.through(url));
    void proxy.atCommit(accident);
    const words = ['intake', 'pause', 'extractor', '--reason', 'works'];
    await expectRefused(
      /^enrol: STORE_OUTCOME_UNKNOWN: .*\nWhat to do: .*before you give it again/,
      ...words,
    );
    expect(await administer('select who from intake_pause')).toHaveLength(done ? 1 : 0);
    await proxy.close();
  },
);
