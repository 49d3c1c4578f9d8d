import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import { explainFile } from '../../bin/explain/explain-file.ts';
import { examine } from '../../shared/doctor/examine.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { loadConfig } from '../../shared/runtime/config.ts';
import { dispatchBytes } from '../support/dispatches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';

/** The doctor and `enrol explain` with a store on a server. */

let stores: PostgresStores;
let installation: TestInstallation;
beforeAll(async () => {
  stores = await PostgresStores.start();
  installation = await install(stores);
  await installation.addPartner('warehouse');
});
afterAll(async () => {
  await installation.close();
  await stores.close();
});

const look = (seconds: number) =>
  examine({
    place: { home: installation.home },
    clock: { ...systemClock, now: () => new Date(Date.now() + seconds * 1000) },
    offline: true,
  });

test('the doctor compares this host’s clock with the server’s', async () => {
  expect(await look(0)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ group: 'Store', name: 'server', verdict: 'ok' }),
      expect.objectContaining({ name: 'clock beside that of the store’s server', verdict: 'ok' }),
    ]),
  );
  expect(await look(90)).toContainEqual(
    expect.objectContaining({
      name: 'clock beside that of the store’s server',
      verdict: 'wrong',
      found: expect.stringMatching(/^This host is (8|9)\d\.\d s ahead/),
    }),
  );
});

test('explain leaves no row there', async () => {
  const db = await installation.store();
  const rows = async () => {
    const { rows: found } = await sql`
      select (select count(*) from batch) as batches, (select count(*) from delivery) as files,
        (select count(*) from batch_stage) as stages`.execute(db);
    return found;
  };
  const before = await rows();
  const plain = await writeInto(
    installation,
    'x.json',
    dispatchBytes({ id: '9999', devices: ['ZZEXPL0001'] }),
  );
  const loaded = await loadConfig({ home: installation.home, env: {} });
  const found = await explainFile(loaded, db, plain, 'inboundSalesOrderDispatch');
  expect(found.steps.at(-2)?.says).toMatch(/A batch is made: .*1 of 1 record\(s\) end in error/);
  expect(await rows()).toEqual(before);
});
