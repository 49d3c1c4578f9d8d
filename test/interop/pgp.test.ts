import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { loadKeyRing, type KeyRing } from '../../shared/pgp/key-ring.ts';
import { enums } from '../../shared/pgp/library.ts';
import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { openMessage, type OpenPolicy } from '../../shared/pgp/open.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { armourOf, encryptBytes, makeKey, openBothWays, openStreamed, ringOf } from '../support/pgp.ts';

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
// A machine without the other program cannot run these; the reporter names what was left out, and under CI it fails.
const gpgTest = has('gpg') ? test : test.skip;
const sqTest = has('sq') ? test : test.skip;

const content = Buffer.from('imei,order\n'.repeat(500));
const armours = ['binary', 'armoured'] as const;
const compressions = ['none', 'zip', 'zlib', 'bzip2'] as const;
/** `pad` is the default of sq. */
const sqCompressions = [...compressions, 'pad'] as const;
const forms = (names: readonly string[]) =>
  armours.flatMap((armour) => names.map((compression) => [armour, compression] as const));

let root: string;
let ring: KeyRing;
let ourPublicKeys: string;

const inRoot = (name: string): string => join(root, name);
const policyFor = (party: string): OpenPolicy => ({
  signature: 'required',
  signedBy: [party],
  maxPlaintextBytes: 100_000,
});

// Short, because GnuPG's agent listens on a socket in its folder and the names of sockets are short.
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgp-'));
  const keys = { folder: inRoot('keys'), passphrase: 'test' };
  await generateOwnKey({ ...keys, name: 'Ours', email: 'ours@shop.example' });
  ring = await loadKeyRing(keys);
  ourPublicKeys = inRoot('ours.asc');
  writeFileSync(ourPublicKeys, await exportPublicKey(keys.folder, 'own'));
  writeFileSync(inRoot('content'), content);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Our ring with a partner's key, imported the way an operator does it. */
async function ringWith(party: string, publicKey: Uint8Array): Promise<KeyRing> {
  const folder = inRoot('keys');
  await importPartnerKey({ folder, party, armoredOrBinary: publicKey });
  return loadKeyRing({ folder, passphrase: 'test' });
}

describe('GnuPG', () => {
  const gpg = (...args: string[]): Buffer =>
    execFileSync(
      'gpg',
      [
        '--homedir',
        root,
        '--batch',
        '--yes',
        '--quiet',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
        '--trust-model',
        'always',
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
  const signers = { rsa3072: 'rsa@partner.example', ed25519: 'curve@partner.example' };
  /** What GnuPG signs and encrypts to us. */
  const gpgMessage = (...args: string[]): Buffer =>
    gpg(
      '--sign',
      '--encrypt',
      '--recipient',
      'ours@shop.example',
      ...args,
      '--output',
      '-',
      inRoot('content'),
    );

  beforeAll(() => {
    if (!has('gpg')) return;
    gpg('--import', ourPublicKeys);
    const rsa = ['Key-Type: RSA', 'Key-Length: 3072', 'Subkey-Type: RSA', 'Subkey-Length: 3072'];
    writeFileSync(
      inRoot('rsa'),
      ['%no-protection', ...rsa, `Name-Email: ${signers.rsa3072}`, 'Expire-Date: 1y', '%commit', ''].join(
        '\n',
      ),
    );
    gpg('--generate-key', inRoot('rsa'));
    gpg('--quick-generate-key', signers.ed25519, 'future-default', 'default', '1y');
  });
  afterAll(() => {
    if (has('gpg')) execFileSync('gpgconf', ['--homedir', root, '--kill', 'all']);
  });

  describe.each(Object.entries(signers))('with a key of %s', (kind, email) => {
    gpgTest.each(forms(compressions))(
      'P24 what it signs and encrypts is opened: %s, compression %s',
      async (armour, compression) => {
        const withPartner = await ringWith(kind, gpg('--export', email));
        const sealed = gpgMessage(
          ...['--local-user', email, '--compress-algo', compression],
          ...(armour === 'armoured' ? ['--armor'] : []),
        );
        const opened = await openBothWays(sealed, withPartner, policyFor(kind));
        expect(Buffer.from(opened.bytes)).toEqual(content);
        expect(opened.signer?.party).toBe(kind);
      },
    );

    gpgTest('P24 what we seal is opened, and our signature is good', async () => {
      const withPartner = await ringWith(kind, gpg('--export', email));
      writeFileSync(inRoot('sealed'), await sealMessage(content, withPartner, { encryptTo: [kind] }));
      const status = inRoot('status');
      expect(gpg('--status-file', status, '--decrypt', inRoot('sealed'))).toEqual(content);
      const lines = readFileSync(status, 'utf8');
      expect(lines).toContain('DECRYPTION_OKAY');
      expect(lines).toContain('GOODSIG');
      expect(lines.toLowerCase()).toContain(`validsig ${ring.own[0]?.getFingerprint() ?? 'none'}`);
    });
  });

  gpgTest.each(['SHA1', 'RIPEMD160'])('P15 a signature with %s is refused', async (digest) => {
    const withPartner = await ringWith('rsa3072', gpg('--export', signers.rsa3072));
    const sealed = gpgMessage('--local-user', signers.rsa3072, '--digest-algo', digest);
    await expect(openBothWays(sealed, withPartner, policyFor('rsa3072'))).rejects.toMatchObject({
      code: 'PGP_WEAK_ALGORITHM',
    });
  });

  gpgTest('an old cipher is opened; one that Node does not have, only in memory', async () => {
    const withPartner = await ringWith('rsa3072', gpg('--export', signers.rsa3072));
    const sealedWith = (cipher: string): Buffer =>
      gpgMessage('--local-user', signers.rsa3072, '--cipher-algo', cipher);
    const opened = await openBothWays(sealedWith('3DES'), withPartner, policyFor('rsa3072'));
    expect(Buffer.from(opened.bytes)).toEqual(content);
    const cast5 = sealedWith('CAST5');
    expect((await openMessage(cast5, withPartner, policyFor('rsa3072'))).signer?.party).toBe('rsa3072');
    await expect(openStreamed(cast5, withPartner, policyFor('rsa3072'))).rejects.toMatchObject({
      code: 'PGP_WEAK_ALGORITHM',
    });
  });

  gpgTest('a signature past its own end date is refused', async () => {
    const withPartner = await ringWith('rsa3072', gpg('--export', signers.rsa3072));
    const sealed = gpgMessage(
      '--local-user',
      signers.rsa3072,
      '--default-sig-expire',
      '1d',
      '--no-ask-sig-expire',
    );
    expect((await openBothWays(sealed, withPartner, policyFor('rsa3072'))).signer?.party).toBe('rsa3072');
    const inTwoDays = new Date(Date.now() + 2 * 86_400_000);
    await expect(openBothWays(sealed, withPartner, policyFor('rsa3072'), inTwoDays)).rejects.toMatchObject({
      code: 'PGP_SIGNATURE_EXPIRED',
    });
  });

  gpgTest('P16 a bomb packed with bzip2 stops at the cap', async () => {
    const withPartner = await ringWith('rsa3072', gpg('--export', signers.rsa3072));
    writeFileSync(inRoot('zeros'), Buffer.alloc(20_000_000));
    const bomb = gpg(
      ...['--sign', '--encrypt', '--recipient', 'ours@shop.example', '--local-user', signers.rsa3072],
      ...['--compress-algo', 'bzip2', '--output', '-', inRoot('zeros')],
    );
    expect(bomb.length).toBeLessThan(10_000);
    await expect(openBothWays(bomb, withPartner, policyFor('rsa3072'))).rejects.toMatchObject({
      code: 'PGP_BOMB',
    });
  });
});

describe('Sequoia', () => {
  const sq = (...args: string[]): Buffer =>
    execFileSync('sq', ['--force', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const suites = ['rsa3k', 'cv25519'] as const;
  const keyOf = (suite: string): string => inRoot(`sq-${suite}.key`);
  const certOf = (suite: string): string => inRoot(`sq-${suite}.cert`);

  beforeAll(() => {
    if (!has('sq')) return;
    for (const suite of suites) {
      sq(
        'key',
        'generate',
        '--cipher-suite',
        suite,
        '--userid',
        `<${suite}@partner.example>`,
        '--export',
        keyOf(suite),
      );
      sq('key', 'extract-cert', '--output', certOf(suite), keyOf(suite));
    }
  });

  describe.each(suites)('with a key of %s', (suite) => {
    sqTest.each(forms(sqCompressions))(
      'P24 what it signs and encrypts is opened: %s, compression %s',
      async (armour, compression) => {
        const withPartner = await ringWith(`sq-${suite}`, readFileSync(certOf(suite)));
        const sealed = sq(
          ...['encrypt', '--recipient-cert', ourPublicKeys, '--signer-key', keyOf(suite)],
          ...['--compression', compression, ...(armour === 'binary' ? ['--binary'] : []), inRoot('content')],
        );
        const opened = await openBothWays(sealed, withPartner, policyFor(`sq-${suite}`));
        expect(Buffer.from(opened.bytes)).toEqual(content);
        expect(opened.signer?.party).toBe(`sq-${suite}`);
      },
    );

    sqTest('P24 what we seal is opened, and our signature is good', async () => {
      const withPartner = await ringWith(`sq-${suite}`, readFileSync(certOf(suite)));
      writeFileSync(
        inRoot('sealed'),
        await sealMessage(content, withPartner, { encryptTo: [`sq-${suite}`] }),
      );
      const opened = sq(
        ...['decrypt', '--recipient-key', keyOf(suite), '--signer-cert', ourPublicKeys, '--signatures', '1'],
        inRoot('sealed'),
      );
      expect(opened).toEqual(content);
    });
  });
});

describe('openpgp.js', () => {
  test.each(forms(['none', 'zip', 'zlib']))(
    'P24 what it signs and encrypts is opened: %s, compression %s',
    async (armour, compression) => {
      const [us] = ring.own;
      if (us === undefined) throw new Error('no key');
      const algorithms = { none: 'uncompressed', zip: 'zip', zlib: 'zlib' } as const;
      const preferredCompressionAlgorithm =
        enums.compression[algorithms[compression as keyof typeof algorithms]];
      const partner = await makeKey();
      const withPartner = await ringWith('openpgp-js', partner.toPublic().write());
      const sealed = await encryptBytes(content, {
        encryptionKeys: us.toPublic(),
        signingKeys: partner,
        config: { ...pgpConfig, preferredCompressionAlgorithm },
      });
      expect(sealed.length < content.length).toBe(compression !== 'none');
      const bytes = armour === 'armoured' ? Buffer.from(armourOf(sealed)) : sealed;
      const opened = await openBothWays(bytes, withPartner, policyFor('openpgp-js'));
      expect(Buffer.from(opened.bytes)).toEqual(content);
    },
  );

  test('P24 in its newer form, version 6 keys with AEAD, both ways', async () => {
    const version6: PrivateKey = await makeKey({
      type: 'curve25519',
      config: { ...pgpConfig, v6Keys: true, aeadProtect: true },
    });
    const withPartner = await ringWith('version6', version6.toPublic().write());
    const theirs = ringOf([version6], { ours: [...ring.own.map((key) => key.toPublic())] });
    const fromThem = await sealMessage(content, theirs, { encryptTo: ['ours'] });
    expect((await openBothWays(fromThem, withPartner, policyFor('version6'))).signer?.party).toBe('version6');
    const toThem = await sealMessage(content, withPartner, { encryptTo: ['version6'] });
    expect((await openBothWays(toThem, theirs, policyFor('ours'))).signer?.party).toBe('ours');
  });
});
