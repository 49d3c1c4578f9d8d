import { appendFile, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';
import { killedElsewhere, killedHere } from '../chaos/elsewhere.ts';
import type { Finding, Tally } from '../chaos/findings.ts';
import { canaries, dispatches, orders, sealDispatches } from '../chaos/fixtures.ts';
import { killAtPoints, onceEach, type MatrixResult } from '../chaos/matrix.ts';
import { autopsy, compare, observe, type Observation } from '../chaos/oracle.ts';
import { killAtRandom } from '../chaos/random-kills.ts';
import { dispatchInbox, plantTrunk, runDaemons, type Trunk } from '../chaos/trunk.ts';
import { type TestInstallation } from '../support/installation.ts';

/**
 * The short form of `npm run chaos`: every fail-point once, and some kills at random moments. A failing run of these is
 * seen again, more or less, with its seed: CHAOS_SEED=… npm run jest -- chaos
 */
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const randomKills = 8;

const describeAll = (findings: readonly Finding[]) =>
  findings.map(({ defect, what }) => `${defect}: ${what}`);

describe('a process that is killed at a fail-point', () => {
  let result: MatrixResult;
  beforeAll(async () => {
    result = await killAtPoints(onceEach, () => undefined);
  }, 600_000);

  test('K01 K03 K04 E01: has lost, doubled, half done and disclosed nothing when it was started again', () => {
    expect(describeAll(result.tally.findings)).toEqual([]);
    expect(result.tally.files).toBeGreaterThan(killedHere.length);
  });

  test('dies at every one of them, in one stage of the way or another', () => {
    expect(killedHere.filter((point) => !result.hit.has(point))).toEqual([]);
    expect(result.tally).toMatchObject({ kills: killedHere.length, hits: killedHere.length });
  });

  test.each(Object.entries(killedElsewhere))('at %s it dies in %s', async (point, file) => {
    expect(await readFile(new URL(`../${file}`, import.meta.url), 'utf8')).toContain(`'${point}'`);
  });
});

describe('daemons that are killed again and again while orders flow', () => {
  let tally: Tally;
  beforeAll(async () => {
    console.log(`CHAOS_SEED=${seed}`);
    tally = await killAtRandom(seed, randomKills, () => undefined);
  }, 600_000);

  test('K01 E01: settle every device once, in batches that are there once, with every file in one place', () => {
    expect(describeAll(tally.findings)).toEqual([]);
  });

  test('are killed at work', () => {
    expect(tally.kills).toBeGreaterThanOrEqual(randomKills);
    expect(tally.hits).toBeGreaterThan(randomKills / 3);
  });
});

describe('the oracle', () => {
  let trunk: Trunk;
  let good: Observation;
  beforeAll(async () => {
    trunk = await plantTrunk();
    const file = await sealDispatches(dispatches(orders.partly, orders.beside), trunk.warehouse);
    await trunk.installation.drop(dispatchInbox, 'first.pgp', file);
    await runDaemons(trunk.installation, 'loader', 'scheduler', 'extractor');
    good = await observe(trunk.installation);
  });
  afterAll(() => trunk.installation.close());

  /** The defects that are found after something was tampered with. */
  async function defectsAfter(tamper: (copy: TestInstallation) => Promise<unknown>): Promise<string[]> {
    const copy = await trunk.installation.copy();
    try {
      await tamper(copy);
      const { findings } = await autopsy(copy.home, canaries);
      const found = [...findings, ...compare(good, await observe(copy))];
      return [...new Set(found.map(({ defect }) => defect))].sort();
    } finally {
      await copy.close();
    }
  }

  const done = async (copy: TestInstallation): Promise<string> => {
    const [name = ''] = await copy.files(dispatchInbox, 'done');
    return copy.spool(dispatchInbox, 'done', name);
  };
  const inStore = async (copy: TestInstallation, statement: string): Promise<void> => {
    const db: Db = await copy.store();
    await sql`${sql.raw(statement)}`.execute(db);
    await db.destroy();
  };

  test('finds nothing where nothing was done', async () => {
    expect(await defectsAfter(() => Promise.resolve())).toEqual([]);
  });

  test.each<[string, string[], (copy: TestInstallation) => Promise<unknown>]>([
    ['a file that is gone', ['lost'], async (copy) => rm(await done(copy))],
    ['a file with other bytes', ['lost'], async (copy) => appendFile(await done(copy), 'x')],
    [
      'a file that is there twice',
      ['doubled'],
      async (copy) => copyFile(await done(copy), `${await done(copy)}.9`),
    ],
    [
      'a file left in work/',
      ['doubled'],
      (copy) => writeFile(copy.spool(dispatchInbox, 'work', '9__x'), 'x'),
    ],
    [
      'a draft left beside a published file',
      ['doubled'],
      (copy) => writeFile(copy.spool('outboundDeviceEnrolment', 'in', '.tmp-9-x'), 'x'),
    ],
    [
      'content in the clear',
      ['doubled', 'plaintextOnDisk'],
      (copy) => writeFile(copy.spool(dispatchInbox, 'tmp', 'x'), `{"id":"${orders.partly.id}"}`),
    ],
    [
      'content in the clear outside the spool',
      ['plaintextOnDisk'],
      (copy) => writeFile(join(copy.home, 'var', 'x.log'), `device ${orders.partly.devices.join()}`),
    ],
    [
      'an item that is gone',
      ['halfVisible', 'lost'],
      (copy) => inStore(copy, `delete from batch_item where sequence = 2`),
    ],
    [
      'a device that went one step twice',
      ['doubled'],
      (copy) =>
        inStore(
          copy,
          `insert into device_history (device, at, status, actor) select device, at, status, actor from device_history order by id desc limit 1`,
        ),
    ],
    [
      'a device that was moved, and not its history',
      ['halfVisible', 'lost'],
      (copy) => inStore(copy, `update device set status = 'Enrolled' where id = 1`),
    ],
    [
      'a run that was never ended',
      ['doubled'],
      (copy) => inStore(copy, `update job_run set state = 'running' where id = 1`),
    ],
  ])('finds %s', async (_, defects, tamper) => {
    expect(await defectsAfter(tamper)).toEqual(defects);
  });
});
