import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import {
  planServices,
  removeServices,
  requireOwnUnits,
  unitNames,
  writeServices,
} from '../../../shared/operator/service-install.ts';
import { configDigest } from '../../../shared/runtime/config-digest.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What there is to write for an installation there. */
function plan(home: string, settings: object = {}, asInstance = false, user = 'enrol') {
  const config = configSchema.parse(settings);
  const loaded = { home, file: join(home, 'config', 'enrol.yaml'), config, digest: configDigest(config) };
  return planServices(loaded, { user, group: user, asInstance, node: '/usr/bin/node', program: '/opt/e.js' });
}

const mailed = { probes: { notices: { mail: { host: 'mail.example' } } } };
const dropIn = join('enrol-scheduler.service.d', '10-configuration.conf');

test('a repetition writes nothing; what the configuration no longer asks for is taken away', async () => {
  const { written, removed } = await writeServices(folder, await plan('/srv/enrol'));
  expect(removed).toEqual([]);
  expect(written).toHaveLength(11);
  expect(written).toContain(join(folder, dropIn));
  expect(await writeServices(folder, await plan('/srv/enrol'))).toEqual({ written: [], removed: [] });
  // A process that is killed while it writes leaves its draft.
  await writeFile(join(folder, 'enrol.target.draft'), 'half');
  await writeFile(join(folder, 'enrol.target'), 'another');
  expect(await writeServices(folder, await plan('/srv/enrol', mailed))).toEqual({
    written: [join(folder, 'enrol.target')],
    removed: [join(folder, dropIn)],
  });
  const files = await readdir(folder, { recursive: true });
  expect(files).not.toContain(dropIn);
  expect(files.filter((name) => name.endsWith('.draft'))).toEqual([]);
});

test('the units of a package stand for themselves, and nothing older hides them', async () => {
  const packaged = join(folder, 'packaged');
  const own = join(folder, 'own');
  await writeServices(packaged, await plan('/srv/enrol'));
  const again = async () => writeServices(own, await plan('/srv/enrol'), packaged);
  expect(await again()).toEqual({ written: [], removed: [] });
  await mkdir(own);
  const unit = await readFile(join(packaged, 'enrol-loader.service'), 'utf8');
  await writeFile(join(own, 'enrol-loader.service'), `# an older one\n${unit}`);
  expect(await again()).toEqual({ written: [], removed: [join(own, 'enrol-loader.service')] });
  expect(await readdir(own)).toEqual([]);
});

test('uninstall leaves what somebody else has put beside ours', async () => {
  await writeServices(folder, await plan('/srv/enrol'));
  const own = join(folder, 'enrol-loader.service.d', 'override.conf');
  await writeFile(own, '[Service]\n');
  await mkdir(join(folder, 'other.service.d'));
  expect(await removeServices(folder, unitNames('/srv/enrol', false))).toHaveLength(11);
  expect((await readdir(folder)).sort()).toEqual(['enrol-loader.service.d', 'other.service.d']);
  expect(await readFile(own, 'utf8')).toBe('[Service]\n');
  expect(await removeServices(folder, unitNames('/srv/enrol', false))).toEqual([]);
});

test('instances share their templates: those beside each other, of one user, and no others', async () => {
  await writeServices(folder, await plan('/srv/enrol/north', {}, true));
  const { written } = await writeServices(folder, await plan('/srv/enrol/south', {}, true));
  expect(written.map((path) => path.slice(folder.length + 1)).sort()).toEqual(
    ['adaptor', 'console', 'extractor', 'loader', 'scheduler'].map(
      (name) => `enrol-${name}@south.service.d/10-configuration.conf`,
    ),
  );
  for (const other of [plan('/data/east', {}, true), plan('/srv/enrol/east', {}, true, 'somebody')])
    await expect(writeServices(folder, await other)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await removeServices(folder, unitNames('/srv/enrol/south', true));
  expect((await readdir(folder)).filter((name) => name.includes('south'))).toEqual([]);
  expect(await readdir(folder)).toContain('enrol-loader@.service');
});

test('units of another home are neither written over nor taken away', async () => {
  await writeServices(folder, await plan('/srv/enrol'));
  const before = await readFile(join(folder, 'enrol-loader.service'), 'utf8');
  await expect(writeServices(folder, await plan('/tmp/try'))).rejects.toThrow(
    /enrol-loader\.service is of another home \(WorkingDirectory=\/srv\/enrol\)/,
  );
  expect(await readFile(join(folder, 'enrol-loader.service'), 'utf8')).toBe(before);
  const ofUnits = (home: string, asInstance = false) =>
    requireOwnUnits(folder, home, unitNames(home, asInstance));
  await expect(ofUnits('/tmp/try')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await ofUnits('/srv/enrol');
  await ofUnits('/srv/enrol/north', true);
  await writeServices(folder, await plan('/srv/enrol/north', {}, true));
  await ofUnits('/srv/enrol/south', true);
  await expect(ofUnits('/tmp/north', true)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});

test('a name that systemd would read otherwise is no instance, and neither is another configuration', async () => {
  expect(() => unitNames('/srv/the north', true)).toThrow('cannot be an instance');
  const config = configSchema.parse({});
  const loaded = { home: '/srv/north', file: '/etc/enrol.yaml', config, digest: configDigest(config) };
  const wishes = { user: 'e', group: 'e', asInstance: true, node: '/n', program: '/p' };
  await expect(planServices(loaded, wishes)).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
