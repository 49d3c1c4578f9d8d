import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Program, type Ended } from '../support/installation.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const demoEntry = join(project, 'demo', 'demo.js');

/** Changes the story before it is played: of one device, it expects what will not come true. */
const otherExpectation = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith('/demo/scenario.ts')) return loaded;
      return { ...loaded, source: String(loaded.source).replace("[5, 'is refused', 'Enrol Failed'", "[5, 'is refused', 'Enrolled'") };
    },
  });
`)}`;

let folder: string;
let good: Ended;
let broken: Ended;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
  const env = { TMPDIR: folder, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
  const npm = new Program(['run', '--silent', 'demo'], { node: 'npm', cwd: project, env });
  const other = new Program(['--import', otherExpectation, demoEntry], { env });
  [good, broken] = await Promise.all([npm.exit, other.exit]);
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('npm run demo plays the main job, shows how each device ended, and ends with 0', () => {
  expect(good).toMatchObject({ code: 0, stderr: '' });
  for (const [device, statuses] of [
    ['ZZDEMO000001', 'Enrol Pending → Enrol Requested → Enrolled'],
    ['ZZDEMO000005', 'Enrol Pending → Enrol Requested → Enrol Failed'],
    [
      'ZZDEMO000009',
      'Enrol Pending → Enrol Requested → Enrolled → Unenrol Pending → Unenrol Requested → Unenrolled',
    ],
    ['ZZDEMO000011', 'Not Required'],
  ]) {
    expect(good.stdout).toMatch(new RegExp(`^${device} +\\d+ +.*  ${statuses}$`, 'm'));
  }
  expect(good.stdout).toContain('DEP-ERR-DE-4304 The device is assigned to another customer.');
  expect(good.stdout).toContain('damaged.json.pgp: PGP_INTEGRITY');
  expect(good.stdout).toContain('stranger.json.pgp: PGP_UNKNOWN_SIGNER');
  expect(good.stdout.trim().split('\n').at(-1)).toBe('Everything is as it should be.');
});

test('when a device does not end as it should, it says which, ends with 1, and keeps the installation', async () => {
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(
    /NOT AS IT SHOULD BE:\n {2}ZZDEMO000005 is Enrol Failed, not Enrolled\n {2}001017000000052 is Enrol Failed, not Enrolled\n\nThe installation is kept/,
  );
  // The other one has removed its own.
  expect((await readdir(folder)).filter((name) => name.startsWith('enrol-demo-'))).toHaveLength(1);
});
