import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { looseFiles } from '../../../shared/backup/loose-files.ts';
import { configDigest } from '../../../shared/runtime/config-digest.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loose-'));
  await mkdir(join(home, 'config'));
  await mkdir(join(home, 'var', 'keys', 'own', 'coming'), { recursive: true });
});
afterEach(() => rm(home, { recursive: true }));

const config = configSchema.parse({});
const paths = async () => {
  const loaded = { home, file: join(home, 'config', 'enrol.yaml'), config, digest: configDigest(config) };
  return (await looseFiles(loaded, false)).files.map(({ path }) => path);
};

test('what is there as a link is saved, too; a link that leads nowhere is not', async () => {
  await writeFile(join(home, 'settings'), '');
  await symlink('../settings', join(home, 'config', 'enrol.yaml'));
  await symlink('../../../settings', join(home, 'var', 'keys', 'own', 'x.asc'));
  await symlink('nowhere', join(home, 'config', 'old.yaml'));
  expect(await paths()).toEqual(['config/enrol.yaml', 'keys/own/x.asc']);
});

test('O12 a link that leads to a secret brings it into no backup', async () => {
  await mkdir(join(home, 'var', 'secrets'));
  await writeFile(join(home, 'var', 'secrets', 'pgp-passphrase'), 'CANARY');
  await symlink('../var/secrets/pgp-passphrase', join(home, 'config', 'passphrase'));
  await writeFile(join(home, 'config', 'enrol.yaml'), '');
  expect(await paths()).toEqual(['config/enrol.yaml']);
});

test('a key that is moved meanwhile is never missed', async () => {
  let [from, to] = [join(home, 'var/keys/own/coming/x.asc'), join(home, 'var/keys/own/x.asc')];
  await writeFile(from, '');
  const move = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await setImmediate();
    await rename(from, to);
    [from, to] = [to, from];
  };
  const told = new Set<string>();
  for (let n = 0; n < 1000; n++) {
    // One that is moved after it was found is told by an error.
    const [found] = await Promise.all([paths().catch(() => 'an error'), move(n % 20)]);
    told.add(String(found));
  }
  told.delete('an error');
  expect([...told].sort()).toEqual(['keys/own/coming/x.asc', 'keys/own/x.asc']);
});
