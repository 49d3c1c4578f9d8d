import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { revokeOwnKey } from '../../shared/pgp/change-own.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { exportPublicKey, listKeys } from '../../shared/pgp/list-keys.ts';

/** Revocations that Sequoia makes, and ours as it reads them; with GnuPG: end-to-end/key-rotation. */

// A machine without the other program cannot run these; the reporter names what was left out, and under CI it fails.
const sqTest = spawnSync('sq', ['--version']).error === undefined ? test : test.skip;

let root: string;
const yesterday = new Date(Date.now() - 86_400_000);
const inRoot = (name: string): string => join(root, name);
const sq = (...words: string[]): Buffer =>
  execFileSync('sq', ['--force', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'revocation-'));
});
afterEach(() => rmSync(root, { recursive: true }));

sqTest.each(['compromised', 'superseded'])(
  'P13 a certificate that says %s revokes the partner’s key',
  async (reason) => {
    sq('key', 'generate', '--userid', '<a@wh.example>', '--export', inRoot('key'));
    sq('key', 'extract-cert', '--output', inRoot('cert'), inRoot('key'));
    const take = (armoredOrBinary: Buffer) =>
      importPartnerKey({ folder: inRoot('keys'), party: 'warehouse', armoredOrBinary });
    const [fingerprint] = await take(readFileSync(inRoot('cert')));
    const certificate = sq('revoke', 'certificate', '--certificate', inRoot('key'), reason, 'a reason');
    expect(await take(certificate)).toEqual([fingerprint]);
    expect(await listKeys(inRoot('keys'))).toMatchObject([
      { revoked: true, canSign: false, canEncrypt: false },
    ]);
  },
);

sqTest('P13 a key of ours that we have revoked is revoked for partners', async () => {
  const keys = { folder: inRoot('keys'), passphrase: 'test' };
  const fingerprint = await generateOwnKey({ ...keys, name: 'Ours', now: yesterday });
  const inspect = async () => {
    writeFileSync(inRoot('ours'), await exportPublicKey(keys.folder, 'own'));
    return sq('inspect', inRoot('ours')).toString();
  };
  expect(await inspect()).not.toMatch(/revoked/i);
  const path = join(keys.folder, 'own', `${fingerprint}.asc`);
  await revokeOwnKey({ ...keys, path, because: 'superseded', now: new Date() });
  expect(await inspect()).toMatch(/Revoked: *.*superseded/s);
});
