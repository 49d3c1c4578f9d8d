import { rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { Key, PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { syncFolder } from '../runtime/durable.ts';
import { writeNewFile } from '../runtime/secrets.ts';
import {
  isPartnerName,
  keyFilesIn,
  keysOfFile,
  ownFolder,
  parseKeys,
  partnerFolder,
  readPublicFile,
} from './key-files.ts';
import { unlock } from './key-ring.ts';
import { encryptionProblem, signingProblem } from './key-use.ts';
import { pgpConfig } from './settings.ts';

/**
 * Adds a partner's public keys to the ring, as `partners/<party>/<fingerprint>.asc`. A key that the party has already
 * is merged with the new copy: that is how a prolonged key, or a revocation, comes in.
 *
 * @returns the fingerprints
 * @throws Fault BAD_INPUT (no key, a private key, a bad name, a key for nothing), PGP_KEY_EXPIRED, PGP_KEY_REVOKED,
 *   PGP_WEAK_ALGORITHM
 */
export async function importPartnerKey(options: {
  readonly folder: string;
  readonly party: string;
  readonly armoredOrBinary: Uint8Array | string;
  readonly now?: Date;
}): Promise<string[]> {
  const { party, now = new Date() } = options;
  if (!isPartnerName(party))
    throw new Fault('BAD_INPUT', `${JSON.stringify(party)} cannot be the name of a partner`);
  const keys = await keysIn(options.armoredOrBinary);
  if (keys.some((key) => key.isPrivate())) {
    throw new Fault(
      'BAD_INPUT',
      'this is a private key: a partner gives away public keys only, this one is no longer secret',
    );
  }
  const folder = partnerFolder(options.folder, party);
  const known = await keysInFolder(folder);
  const merged = await Promise.all(keys.map((key) => mergeOrCheck(key.toPublic(), known, now)));
  for (const key of merged) await replaceFile(folder, `${key.getFingerprint()}.asc`, key.armor(pgpConfig));
  return merged.map((key) => key.getFingerprint());
}

/**
 * Adds private keys of our own, protected by our passphrase, as `own/<fingerprint>.asc`. Expired ones too: they still
 * open what was encrypted to them.
 *
 * @returns the fingerprints
 * @throws Fault BAD_INPUT (no key, a public key), KEY_WRONG_PASSPHRASE, KEY_UNREADABLE (not protected), NOT_ALLOWED (there already)
 */
export async function importOwnKey(options: {
  readonly folder: string;
  readonly passphrase: string;
  readonly armoredOrBinary: Uint8Array | string;
}): Promise<string[]> {
  const keys = (await keysIn(options.armoredOrBinary)).map((key): PrivateKey => {
    if (!key.isPrivate()) throw new Fault('BAD_INPUT', 'this is a public key; our own keys are private ones');
    return key;
  });
  for (const key of keys) await unlock(key, options.passphrase, 'the file to import');
  for (const key of keys) {
    await writeNewFile(
      join(ownFolder(options.folder), `${key.getFingerprint()}.asc`),
      key.armor(pgpConfig),
      0o600,
    );
  }
  return keys.map((key) => key.getFingerprint());
}

/** @throws Fault BAD_INPUT */
async function keysIn(content: Uint8Array | string): Promise<Key[]> {
  const keys = await parseKeys(content).catch((): Key[] => []);
  if (keys.length === 0) throw new Fault('BAD_INPUT', 'this is not an OpenPGP key');
  return keys;
}

async function keysInFolder(folder: string): Promise<Key[]> {
  const files = await keyFilesIn(folder);
  const keys = await Promise.all(files.map(async (path) => keysOfFile(path, await readPublicFile(path))));
  return keys.flat();
}

async function mergeOrCheck(key: PublicKey, known: readonly Key[], now: Date): Promise<PublicKey> {
  const ours = known.find((other) => other.getFingerprint() === key.getFingerprint());
  if (ours !== undefined) return ours.update(key, now, pgpConfig);
  const problem = (await signingProblem(key, now)) && (await encryptionProblem(key, now));
  if (problem === undefined) return key;
  const code = problem.code === 'KEY_MISSING' ? 'BAD_INPUT' : problem.code;
  throw new Fault(code, `key ${key.getFingerprint()}: ${problem.why}`);
}

/** Replaces as a whole, so that a reader finds the old file or the new one. */
async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `.${name}.${process.pid}`);
  await writeNewFile(temporary, text, 0o600);
  await rename(temporary, join(folder, name));
  await syncFolder(folder);
}
