import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { auditOf } from '../support/store-lookups.ts';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

const inbox = 'inboundSalesOrderDispatch';

/** A file that was rejected long ago. */
async function archive(name: string): Promise<void> {
  await writeFile(installation.spool(inbox, 'rejected', name), name);
  const db = await installation.store();
  const at = '2020-01-02T03:04:05.000Z';
  await db
    .insertInto('delivery')
    .values({
      direction: 'in',
      folder: inbox,
      name,
      state: 'rejected',
      attempts: 1,
      crashes: 0,
      size: name.length,
      digest: createHash('sha256').update(name).digest('hex'),
      place: `${inbox}/rejected/${name}`,
      seen_at: at,
      settled_at: at,
      moved_at: at,
    })
    .execute();
}

test('O13 a dry run lists what would go and is kept in the audit; then the job deletes it', async () => {
  await archive('old');
  await installation.configure([[['retention', 'rejected', 'days'], 30]]);
  const refused = await installation.run('job', 'run', 'retention');
  expect(refused.code).toBe(exitCodes.refused.code);
  expect(refused.stdout).toContain('nothing was deleted');
  const dry = await installation.run(
    '--json',
    'retention',
    '--dry-run',
    '--list',
    '--reason',
    'the disk is full',
  );
  expect(dry).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(dry.stdout)).toMatchObject({
    kind: 'dry run',
    files: 1,
    bytes: 3,
    problems: [],
    list: [{ id: 1, place: `${inbox}/rejected/old`, size: 3, settled: '2020-01-02T03:04:05.000Z' }],
  });
  const db = await installation.store();
  expect(await auditOf(db, 'retention')).toMatchObject([
    { action: 'retention.dry-run', reason: 'the disk is full', after_json: '{"run":1,"files":1,"bytes":3}' },
  ]);
  const text = await installation.run('retention', '--dry-run');
  expect(text.stdout).toContain(
    '1 file(s), 3 bytes would go\nsettled from 2020-01-02 03:04:05 to 2020-01-02 03:04:05',
  );
  expect((await installation.run('job', 'run', 'retention')).code).toBe(0);
  expect(await readdir(installation.spool(inbox, 'rejected'))).toEqual([]);
  const runs = await installation.run('retention');
  expect(runs.stdout).toMatch(/^The newest dry run was one of the present settings[^]*\n3 +run .* 1 +3\n/);
  expect((await installation.run('file', 'show', '1')).stdout).toMatch(
    /removed +\S+ \S+, by retention run 3/,
  );
});
