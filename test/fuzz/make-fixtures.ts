import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { enums as Enums, PartialConfig, PrivateKey, PublicKey } from 'openpgp';

import {
  createMessage,
  encrypt,
  encryptSessionKey,
  enums,
  generateKey,
  revokeKey,
} from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { armourOf } from '../support/pgp.ts';
import { dispatches, longDispatch, responses } from './documents.ts';
import { sessionKey } from './seal.ts';

/**
 * Makes the keys and sealed files in fixtures/, with our own library, GnuPG and Sequoia. They are kept, and not made at
 * each start, because a seed is to give the same inputs everywhere.
 *
 *   node test/fuzz/make-fixtures.ts
 */

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'fx-'));
const inScratch = (name: string): string => join(scratch, name);

/** Keys are older than what they sign, and all of it is older than the clock of the fuzzer. */
const keysMade = new Date('2026-03-01T00:00:00Z');
const sealedAt = new Date('2026-04-20T12:00:00Z');
/** The clock of the fuzzer stands 2 minutes before this. */
const soon = new Date('2026-05-06T12:02:00Z');
const farAhead = new Date('2036-05-06T12:00:00Z');

const [dispatch, several] = dispatches.map((document) => Buffer.from(JSON.stringify(document)));
const response = Buffer.from(JSON.stringify(responses[2]));
const long = Buffer.from(JSON.stringify(longDispatch));
if (dispatch === undefined || several === undefined) throw new Error('there are no documents');

type KeyOptions = Omit<Parameters<typeof generateKey>[0], 'format'>;

async function makeKey(name: string, options: Partial<KeyOptions> = {}): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: { name: `Fuzz ${name}` },
    date: keysMade,
    config: pgpConfig,
    ...options,
    format: 'object',
  });
  return privateKey;
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Keys with version 6 and AEAD: what newer programs make. */
const modernConfig = { ...pgpConfig, v6Keys: true, aeadProtect: true };
const ours = {
  curve: await makeKey('ours'),
  modern: await makeKey('ours, modern', { type: 'curve25519', config: modernConfig }),
  rsa: await makeKey('ours, RSA', { type: 'rsa', rsaBits: 2048 }),
};
const warehouse = await makeKey('warehouse');
const expired = await makeKey('expired', {
  keyExpirationTime: 86_400 * 7,
  date: new Date('2026-04-18T00:00:00Z'),
});
const toRevoke = await makeKey('revoked');
const courier = await makeKey('courier');
const stranger = await makeKey('stranger');
const { publicKey: revoked } = await revokeKey({
  key: toRevoke,
  reasonForRevocation: { flag: enums.reasonForRevocation.keyCompromised },
  date: new Date('2026-04-25T00:00:00Z'),
  config: pgpConfig,
  format: 'object',
});

for (const [name, key] of Object.entries(ours)) write(`keys/own/${name}.asc`, key.armor());
write('keys/warehouse.asc', warehouse.armor());
const publicKeys: Record<string, string> = {
  'warehouse/curve': warehouse.toPublic().armor(),
  'warehouse/expired': expired.toPublic().armor(),
  'warehouse/revoked': revoked.armor(),
  'courier/curve': courier.toPublic().armor(),
};

interface Sealing {
  readonly to?: PublicKey[];
  readonly by?: PrivateKey[];
  readonly date?: Date;
  readonly config?: PartialConfig;
  readonly armour?: boolean;
  readonly hidden?: boolean;
  readonly password?: string;
  readonly stream?: boolean;
}

async function seal(name: string, content: Uint8Array, how: Sealing = {}): Promise<void> {
  const { to = [ours.curve], by = [warehouse], date = sealedAt, config = {}, hidden = false } = how;
  // Of a stream the library does not know the length: it writes partial lengths.
  const binary = how.stream === true ? new Blob([Buffer.from(content)]).stream() : content;
  const message = await createMessage({ binary: binary as Uint8Array, date });
  const sealed: unknown = await encrypt({
    message,
    encryptionKeys: to,
    signingKeys: by,
    date,
    wildcard: hidden,
    ...(how.password !== undefined && { passwords: how.password }),
    config: { ...pgpConfig, ...config },
    format: 'binary',
  });
  const bytes =
    how.stream === true ? await bytesOf(sealed as AsyncIterable<Uint8Array>) : (sealed as Uint8Array);
  write(`sealed/${name}.pgp`, how.armour === true ? armourOf(bytes) : bytes);
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

const { compression, aead } = enums;
const aeadOf = (preferredAEADAlgorithm: Enums.aead): Sealing => ({
  to: [ours.modern],
  config: { aeadProtect: true, preferredAEADAlgorithm, aeadChunkSizeByte: 2 },
});
await seal('plain', dispatch);
await seal('response', response);
await seal('armoured', dispatch, { armour: true });
await seal('zip', several, { config: { preferredCompressionAlgorithm: compression.zip } });
await seal('zlib', several, { config: { preferredCompressionAlgorithm: compression.zlib } });
await seal('partial', long, { stream: true });
await seal('long-zlib', long, { stream: true, config: { preferredCompressionAlgorithm: compression.zlib } });
await seal('gcm', dispatch, aeadOf(aead.gcm));
await seal('ocb', several, aeadOf(aead.ocb));
await seal('eax', dispatch, aeadOf(aead.eax));
await seal('rsa', dispatch, { to: [ours.rsa] });
await seal('recipients', dispatch, { to: [stranger, ours.rsa, ours.curve] });
await seal('hidden', dispatch, { hidden: true });
await seal('password', dispatch, { to: [], password: 'fuzz' });
await seal('not-for-us', dispatch, { to: [stranger] });
await seal('unsigned', dispatch, { by: [] });
await seal('two-signers', dispatch, { by: [warehouse, courier] });
await seal('by-courier', dispatch, { by: [courier] });
await seal('by-stranger', dispatch, { by: [stranger] });
await seal('by-expired', dispatch, { by: [expired] });
await seal('by-revoked', dispatch, { by: [toRevoke] });
await seal('soon', dispatch, { date: soon });
await seal('far-ahead', dispatch, { date: farAhead });

for (const [name, key] of Object.entries(ours)) {
  const session: unknown = await encryptSessionKey({
    data: sessionKey,
    algorithm: 'aes256',
    ...(name === 'modern' && { aeadAlgorithm: 'gcm' }),
    encryptionKeys: key,
    format: 'binary',
    config: pgpConfig,
    date: sealedAt,
  });
  write(`sessions/${name}.pgp`, session as Uint8Array);
}

const run = (tool: string, ...words: string[]): Buffer =>
  execFileSync(tool, words, { stdio: ['ignore', 'pipe', 'pipe'] });

writeFileSync(inScratch('ours.asc'), ours.curve.toPublic().armor());
writeFileSync(inScratch('dispatch'), several);

function gpg(time: string, ...words: string[]): Buffer {
  const always = ['--homedir', scratch, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback'];
  const trust = ['--passphrase', '', '--trust-model', 'always', '--faked-system-time', `${time}!`];
  return run('gpg', ...always, ...trust, ...words);
}
const early = '20260301T000000';
const later = '20260420T120000';
gpg(early, '--import', inScratch('ours.asc'));
for (const [name, algorithm] of [
  ['gpg-rsa', 'rsa3072'],
  ['gpg-curve', 'future-default'],
] as const) {
  gpg(early, '--quick-generate-key', `${name}@wh.example`, algorithm, 'default', 'never');
  publicKeys[`warehouse/${name}`] = gpg(later, '--armor', '--export', `${name}@wh.example`).toString();
}
const gpgSeal = (name: string, key: string, ...words: string[]): void => {
  const to = ['--sign', '--encrypt', '--local-user', `${key}@wh.example`, '--recipient', 'Fuzz ours'];
  write(`sealed/${name}.pgp`, gpg(later, ...to, ...words, '--output', '-', inScratch('dispatch')));
};
gpgSeal('gpg-zip', 'gpg-curve', '--compress-algo', 'zip');
gpgSeal('gpg-bzip2', 'gpg-curve', '--compress-algo', 'bzip2');
gpgSeal('gpg-rsa', 'gpg-rsa', '--armor');
gpgSeal('gpg-hidden', 'gpg-curve', '--throw-keyids');
gpgSeal('gpg-text', 'gpg-curve', '--textmode');
gpgSeal('gpg-sha1', 'gpg-rsa', '--digest-algo', 'SHA1');
gpgSeal('gpg-ended', 'gpg-curve', '--default-sig-expire', '1d', '--no-ask-sig-expire');
gpgSeal('gpg-3des', 'gpg-curve', '--cipher-algo', '3DES');
spawnSync('gpgconf', ['--homedir', scratch, '--kill', 'all']);

const key = inScratch('sq.key');
const made = ['--creation-time', '20260301T000000Z', '--expires', 'never'];
run(
  'sq',
  '--force',
  'key',
  'generate',
  '--cipher-suite',
  'cv25519',
  ...made,
  '--userid',
  '<sq@wh.example>',
  '--export',
  key,
);
publicKeys['warehouse/sq'] = run('sq', '--force', 'key', 'extract-cert', key).toString();
const sqSeal = (name: string, ...words: string[]): void => {
  const to = ['--recipient-cert', inScratch('ours.asc'), '--signer-key', key, '--time', '20260420T120000Z'];
  write(`sealed/${name}.pgp`, run('sq', 'encrypt', ...to, ...words, inScratch('dispatch')));
};
sqSeal('sq-padded', '--binary');
sqSeal('sq-armoured', '--compression', 'zlib');

for (const [name, armoured] of Object.entries(publicKeys)) write(`keys/partners/${name}.asc`, armoured);
rmSync(scratch, { recursive: true });
console.log(readFileSync(join(folder, 'sealed', 'plain.pgp')).length, 'bytes in plain.pgp');
