import { statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { openSqlite } from '../../shared/store/sqlite/open-sqlite.ts';
import {
  daemons,
  filesUnder,
  install,
  type DaemonName,
  type Ended,
  type TestInstallation,
} from '../support/installation.ts';
import { newestMigration } from '../support/migrations.ts';

let whole: TestInstallation;
let installation: TestInstallation;

beforeAll(async () => {
  whole = await install();
  await whole.addPartner('warehouse');
});
afterAll(() => whole.close());
beforeEach(async () => {
  installation = await whole.copy();
});
afterEach(() => installation.close());

const startAll = (names: readonly DaemonName[]): Promise<Ended[]> =>
  Promise.all(names.map((name) => installation.run(name, '--once')));

/** Every daemon that needs it says what is wrong, once, and what to do; it ends with the documented code. */
async function expectRefused(
  names: readonly DaemonName[],
  refusal: { readonly code: string; readonly exit: number; readonly says: RegExp },
): Promise<string> {
  const ended = await startAll(names);
  for (const { code, stderr, stdout } of ended) {
    expect(stderr).toMatch(new RegExp(`^enrol: ${refusal.code}: `));
    expect(stderr.match(/^enrol: /gm)).toHaveLength(1);
    expect(stderr.match(/^What to do: \S.*\n$/m)).not.toBeNull();
    expect(stderr).toMatch(refusal.says);
    expect(stdout + stderr).not.toMatch(/^\s+at |node:internal|\.ts:\d/m);
    expect(code).toBe(refusal.exit);
  }
  return ended.map(({ stdout, stderr }) => stdout + stderr).join('\n');
}

const withKeys = ['loader', 'extractor', 'adaptor'] as const;
const withInboxes = ['loader', 'adaptor'] as const;
const inHome = (...path: string[]): string => join(installation.home, ...path);

test('as it stands, every daemon starts', async () => {
  const ended = await startAll(daemons);
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(daemons.map(() => [0, '']));
});

test('O01 bad configuration: all problems are listed, each with its line', async () => {
  const file = inHome('config', 'enrol.yaml');
  await writeFile(
    file,
    'spool:\n  scanSeconds: often\nunheardOf: 3\njobs:\n  salesOrderDispatch:\n    schedule: never\n',
  );
  const said = await expectRefused(daemons, {
    code: 'CONFIG_INVALID',
    exit: exitCodes.config.code,
    says: /What/,
  });
  for (const problem of [
    'enrol.yaml:2:3 spool.scanSeconds: must be a number',
    'enrol.yaml:3:1 unheardOf: is no setting; known here: store, spool, retry',
    'enrol.yaml:6:5 jobs.salesOrderDispatch.schedule: is no cron pattern',
  ]) {
    expect(said.split(problem)).toHaveLength(daemons.length + 1);
  }
});

test('O02 a configuration that is broken while a daemon runs: it goes on as it began; a restart is refused', async () => {
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  await writeFile(inHome('config', 'enrol.yaml'), 'spool:\n  scanSeconds: often\nretries: 3\n');
  // Its own settings still say where files are, and how often it looks.
  await installation.drop('inboundSalesOrderDispatch', 'a.txt', Buffer.from('x'));
  await loader.logged('file.rejected');
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  expect(loader.events).not.toContain('daemon.failed');
  const says = /enrol\.yaml:2:3 spool\.scanSeconds: .*\n.*enrol\.yaml:3:1 retries: /;
  await expectRefused(['loader'], { code: 'CONFIG_INVALID', exit: exitCodes.config.code, says });
});

describe('keys', () => {
  const refused = { exit: exitCodes.keys.code };

  test('P21 a passphrase file that others can read', async () => {
    await chmod(inHome('var', 'secrets', 'pgp-passphrase'), 0o644);
    const says = /pgp-passphrase has mode 0644, it must be 0600/;
    await expectRefused(withKeys, { ...refused, code: 'SECRET_EXPOSED', says });
  });

  test('P21 a private key that others can read', async () => {
    const [key = ''] = await filesUnder(inHome('var', 'keys', 'own'));
    await chmod(inHome('var', 'keys', 'own', key), 0o640);
    await expectRefused(withKeys, { ...refused, code: 'SECRET_EXPOSED', says: /\.asc has mode 0640/ });
  });

  test('P21 a wrong passphrase, which is nowhere printed', async () => {
    const canary = 'canary-5d1f-wrong-passphrase';
    const file = inHome('var', 'secrets', 'pgp-passphrase');
    const right = (await readFile(file, 'utf8')).trim();
    await writeFile(file, `${canary}\n`);
    const said = await expectRefused(withKeys, {
      ...refused,
      code: 'KEY_WRONG_PASSPHRASE',
      says: /the passphrase does not unlock the private key in .*\.asc/,
    });
    expect(said).not.toContain(canary);
    expect(said).not.toContain(right);
  });

  test('no key of our own', async () => {
    await rm(inHome('var', 'keys', 'own'), { recursive: true });
    await expectRefused(withKeys, { ...refused, code: 'KEY_MISSING', says: /no private key in .*keys\/own/ });
  });

  test('O01 no passphrase file', async () => {
    await rm(inHome('var', 'secrets', 'pgp-passphrase'));
    const says = /pgp-passphrase cannot be read \(ENOENT\)/;
    await expectRefused(['extractor'], { ...refused, code: 'KEY_UNREADABLE', says });
  });

  test('no key of a partner whose files are taken', async () => {
    await rm(inHome('var', 'keys', 'partners', 'warehouse'), { recursive: true });
    await expectRefused(['loader'], { ...refused, code: 'KEY_MISSING', says: /no key of warehouse/ });
  });
});

describe('spool', () => {
  test.each([
    ['loader', 'inboundSalesOrderDispatch/in'],
    ['extractor', 'outboundDeviceEnrolment/in'],
    ['adaptor', 'provider/apple/inbound/in'],
    ['adaptor', 'provider/apple/outbound'],
  ] as const)('A15 %s: %s is missing', async (daemon, folder) => {
    await rm(installation.spool(folder), { recursive: true });
    const says = new RegExp(`spool/${folder} is missing`);
    await expectRefused([daemon], { code: 'SPOOL_MISSING', exit: exitCodes.failed.code, says });
  });

  test('K07 in/ and work/ on different devices: both are named', async () => {
    const elsewhere = await mkdtemp(join('/dev/shm', 'enrol-'));
    try {
      // Said of this machine first: without two devices the test would prove nothing.
      expect(statSync(elsewhere).dev).not.toBe(statSync(tmpdir()).dev);
      for (const inbox of ['inboundSalesOrderDispatch', 'outboundDeviceEnrolment']) {
        await rm(installation.spool(inbox, 'work'), { recursive: true });
        await mkdir(join(elsewhere, inbox));
        await symlink(join(elsewhere, inbox), installation.spool(inbox, 'work'));
      }
      const says = new RegExp(
        `/in on device ${statSync(installation.spool()).dev},.*/work on device ${statSync(elsewhere).dev},`,
      );
      await expectRefused(withInboxes, { code: 'SPOOL_DEVICES', exit: exitCodes.failed.code, says });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });
});

describe('store', () => {
  const refused = { exit: exitCodes.store.code };
  const file = () => inHome('var', 'enrol.db');
  const change = async (statement: string) => {
    const db = openSqlite({ file: file(), busySeconds: 5, create: true });
    await sql.raw(statement).execute(db);
    await db.destroy();
  };

  test('missing', async () => {
    await rm(file());
    await expectRefused(daemons, { ...refused, code: 'STORE_MISSING', says: /cannot open .*enrol\.db/ });
  });

  test('D06 older than the program: both versions are shown', async () => {
    await rm(file());
    await change('select 1');
    const says = new RegExp(
      `the store is at no version, this program at ${newestMigration}: run enrol migrate`,
    );
    await expectRefused(daemons, { ...refused, code: 'STORE_SCHEMA', says });
  });

  test('D06 newer than the program: both versions are shown', async () => {
    await change(`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01')`);
    const says = new RegExp(`the store is newer \\(9999-later\\) than this program \\(${newestMigration}\\)`);
    await expectRefused(daemons, { ...refused, code: 'STORE_SCHEMA', says });
  });

  test('D06 half migrated', async () => {
    await change('drop table audit');
    await expectRefused(['loader'], {
      ...refused,
      code: 'STORE_SCHEMA',
      says: /half migrated: .* no table audit/,
    });
  });

  test('not a store at all', async () => {
    await writeFile(
      file(),
      'this is a text file, and quite a long one, where a store should be\n'.repeat(20),
    );
    await expectRefused(['loader'], { ...refused, code: 'STORE_DAMAGED', says: /not a database/ });
  });
});
