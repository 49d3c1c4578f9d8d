import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { FaultCode } from '../../shared/runtime/fault-codes.ts';
import type { FailureKind } from '../support/disk/failing.ts';
import { dealt, reportsOf } from '../support/disk/reports.ts';
import type { FailureReport, FailureRun } from '../support/disk-faults-program.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import type { FailingSpool } from '../support/failing-disk-preload.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';

/**
 * Each call of the product to its disk fails in its turn: the first, the second, … When the disk is well again, every
 * file has come to one end, every record is there once, nothing is left over, and a fresh file passes. With
 * DISK_FAULTS=all each kind of failure goes through all scenes, once, three times running, and for a whole round.
 */

const inboxScenes = ['three files', 'a file with its marker'];
const replacedScenes = [
  'a file that is replaced before the link',
  'a file that is replaced before the rename',
];
const posted = 'a posted file';
const documents = 'documents side by side';
const scenes = [...inboxScenes, ...replacedScenes, 'a document', documents, posted];

type Times = FailureRun['times'];
const all = process.env.DISK_FAULTS === 'all';

/** Processes at a time. */
const atOnce = 2;
// Some thousand short scenes: a busy machine needs room.
jest.setTimeout(300_000);

/** Fails every call of the scenes. @returns codes of the faults with which rounds ended */
async function failEverywhere(kind: FailureKind, times: Times, among = scenes): Promise<FaultCode[]> {
  const runs = (all ? scenes : among).flatMap((scene): FailureRun[] =>
    (all ? ([1, 3, 'round'] as const) : [times]).map((many) => ({ scene, kind, times: many })),
  );
  const reports = await Promise.all(
    dealt(runs, atOnce).map((hand) => reportsOf<FailureReport>('disk-faults-program.ts', hand)),
  );
  const found = reports.flat();
  expect(found).toHaveLength(runs.length);
  for (const { run, calls, problems } of found) {
    expect({ ...run, problems }).toEqual({ ...run, problems: {} });
    expect({ ...run, enough: calls >= fewestCalls(kind, run.scene) }).toMatchObject({ enough: true });
  }
  return [...new Set(found.flatMap(({ faults }) => faults as FaultCode[]))].sort();
}

/** A test proves nothing in which nothing failed. */
function fewestCalls(kind: FailureKind, scene: string): number {
  if (kind === 'second answer' && scene === 'a document') return 2; // Its link, and the end of its draft.
  if (kind === 'short write')
    return scene === 'three files' ? 2 : [posted, 'a document', documents].includes(scene) ? 1 : 0;
  return 3;
}

describe('a disk that refuses a call', () => {
  test.each([
    ['R01 R04', 'ENOSPC', 3, [...inboxScenes, 'a document', documents, posted], ['NO_SPACE']],
    ['R04', 'EIO', 1, scenes, ['IO_ERROR', 'SYNC_FAILED']],
    ['A26', 'EACCES', 'round', [...inboxScenes, 'a document', documents, posted], ['SPOOL_PERMISSION']],
    ['R04', 'ESTALE', 'round', ['three files', 'a document', documents], ['FILE_BUSY']],
    ['R04', 'EDQUOT', 1, ['a document'], ['NO_SPACE']],
    ['R04', 'EFBIG', 1, ['a document'], ['NO_SPACE', 'SYNC_FAILED']],
    ['R04', 'EROFS', 1, ['a document'], ['IO_ERROR', 'SYNC_FAILED']],
    ['R01', 'short write', 1, ['three files', 'a document', documents, posted], ['NO_SPACE']],
    ['R06', 'EMFILE', 3, scenes, ['TOO_MANY_OPEN_FILES']],
  ] as const)('%s: with %s, whichever it is', async (_, kind, times, among, faults) => {
    expect(await failEverywhere(kind, times, [...among])).toEqual(expect.arrayContaining([...faults]));
  });
});

describe('K08: a file server whose answer was lost', () => {
  test.each([
    ['EIO after success', 1],
    ['ESTALE after success', 'round'],
    ['second answer', 1],
  ] as const)('K08: %s, whichever call it is', async (kind, times) => {
    await failEverywhere(kind, times);
  });
});

// Only in a user namespace of its own can a process be given limits without harm to others; where none may be made, the
// reporter names what was left out, and under CI it fails.
const noNamespace = spawnSync('unshare', ['--user', '--map-root-user', 'true']).status !== 0;
if (noNamespace) console.warn('limits of watches are left out: this user may make no namespace (unshare)');

(noNamespace ? test.skip : test)(
  'R06: the log names the limits that the kernel has put to watches, and the scan goes on',
  () => {
    const program = fileURLToPath(new URL('../support/watch-program.ts', import.meta.url));
    const limits = { max_inotify_watches: 'max_user_watches', max_inotify_instances: 'max_user_instances' };
    for (const [limit, sysctl] of Object.entries(limits)) {
      const script = `echo 0 > /proc/sys/user/${limit} && exec "$0" "$1"`;
      const words = ['--user', '--map-root-user', 'sh', '-c', script, process.execPath, program];
      const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
      expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringContaining(`fs.inotify.${sysctl}`) });
    }
  },
);

describe('R05: a disk that refuses fsync', () => {
  let installation: TestInstallation;
  afterEach(() => installation.close());

  test('R05: again and again ends the process; what it had in hand is done after the repair', async () => {
    installation = await install();
    const warehouse = await installation.addPartner('warehouse');
    const order = { id: '886001', devices: ['ZZSYNC1'] };
    await installation.drop('inboundSalesOrderDispatch', 'x.pgp', await sealedDispatch(order, warehouse));
    const failing: FailingSpool = {
      spool: installation.spool(),
      failure: { kind: 'failed sync', at: 1, times: 1_000_000 },
    };
    const preload = new URL('../support/failing-disk-preload.ts', import.meta.url).pathname;
    const loader = installation.start(['loader'], {
      env: { NODE_OPTIONS: `--import=${preload}`, FAILING_SPOOL: JSON.stringify(failing) },
    });
    const { code } = await loader.exit;
    expect(code).toBe(exitCodes.failed.code);
    expect(linesOf(loader, 'task.stopped').map((line) => line.code)).toEqual(['SYNC_FAILED', 'SYNC_FAILED']);
    expect(linesOf(loader, 'daemon.failed')).toMatchObject([{ code: 'SYNC_FAILED' }]);
    await installation.run('loader', '--once');
    expect(await installation.files('inboundSalesOrderDispatch', 'done')).toEqual([
      expect.stringMatching(/x\.pgp$/),
    ]);
    for (const folder of ['in', 'work', 'tmp']) {
      expect(await installation.files('inboundSalesOrderDispatch', folder)).toEqual([]);
    }
  });
});
