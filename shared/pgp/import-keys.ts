import { join } from 'node:path';

import type { Key, PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { replaceFile, writeNewFile } from '../runtime/secrets.ts';
import {
  isPartnerName,
  keyFilesIn,
  keysOfFile,
  own,
  ownFolder,
  parseKeys,
  partnerFolder,
  readPublicFile,
  type KeyPlace,
} from './key-files.ts';
import { readPublicKeys, unlock } from './key-ring.ts';
import { encryptionProblem, signingProblem } from './key-use.ts';
import { revokeKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/**
 * Adds a partner's public keys to the ring, as `partners/<party>/<fingerprint>.asc`, beside those that it has. A key that
 * the party has already is merged with the new copy: that is how a prolonged key, or a revocation, comes in. A revocation
 * certificate alone does as well.
 *
 * @returns the fingerprints
 * @throws Fault BAD_INPUT (no key, a private key, a bad name, a key for nothing, a revocation of another key),
 *   PGP_KEY_EXPIRED, PGP_KEY_REVOKED, PGP_WEAK_ALGORITHM
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
  const folder = partnerFolder(options.folder, party);
  const known = await keysInFolder(folder);
  const keys = await keysIn(options.armoredOrBinary).catch(async (error: unknown) => {
    const revoked = await revokedBy(options.armoredOrBinary, known, now);
    if (revoked) return [revoked];
    throw error;
  });
  if (keys.some((key) => key.isPrivate())) {
    throw new Fault(
      'BAD_INPUT',
      'this is a private key: a partner gives away public keys only, this one is no longer secret',
    );
  }
  const merged = await Promise.all(keys.map((key) => mergeOrCheck(key.toPublic(), known, now)));
  for (const key of merged) {
    await replaceFile(join(folder, `${key.getFingerprint()}.asc`), key.armor(pgpConfig), 0o600);
  }
  return merged.map((key) => key.getFingerprint());
}

/** A key of ours that was brought in, and what it is from now on. */
export interface ImportedKey {
  readonly fingerprint: string;
  readonly place: KeyPlace;
}

/**
 * Adds private keys of our own, protected by our passphrase, where they do no harm: in use where nothing else is; coming
 * when they are newer than what is in use, and can take its place; else retired, since they still open what was encrypted
 * to them, also when they have expired.
 *
 * @throws Fault BAD_INPUT (no key, a public key), KEY_WRONG_PASSPHRASE, KEY_UNREADABLE (not protected), NOT_ALLOWED (there already)
 */
export async function importOwnKey(options: {
  readonly folder: string;
  readonly passphrase: string;
  readonly armoredOrBinary: Uint8Array | string;
  readonly now?: Date;
}): Promise<ImportedKey[]> {
  const { now = new Date() } = options;
  const keys = (await keysIn(options.armoredOrBinary)).map((key): PrivateKey => {
    if (!key.isPrivate()) throw new Fault('BAD_INPUT', 'this is a public key; our own keys are private ones');
    return key;
  });
  for (const key of keys) await unlock(key, options.passphrase, 'the file to import');
  const ours = (await readPublicKeys(options.folder)).filter(({ party }) => party === own);
  const inUse = ours.filter(({ place }) => place === 'in use');
  const newest = Math.max(...inUse.map(({ key }) => key.getCreationTime().getTime()));
  const placeOf = async (key: PrivateKey): Promise<KeyPlace> => {
    if (inUse.length === 0) return 'in use';
    const isNewer = key.getCreationTime().getTime() > newest;
    const problem = (await signingProblem(key, now)) ?? (await encryptionProblem(key, now));
    return isNewer && problem === undefined ? 'coming' : 'retired';
  };
  const imported = [];
  for (const key of keys) {
    const fingerprint = key.getFingerprint();
    if (ours.some((other) => other.key.getFingerprint() === fingerprint)) {
      throw new Fault('NOT_ALLOWED', `key ${fingerprint} is there already and is not replaced`);
    }
    imported.push({ key, fingerprint, place: await placeOf(key) });
  }
  for (const { key, fingerprint, place } of imported) {
    const path = join(ownFolder(options.folder, place), `${fingerprint}.asc`);
    await writeNewFile(path, key.armor(pgpConfig), 0o600);
  }
  return imported.map(({ fingerprint, place }) => ({ fingerprint, place }));
}

/** The key that the certificate revokes, revoked; undefined when it is none, or of another key. */
async function revokedBy(
  content: Uint8Array | string,
  known: readonly Key[],
  now: Date,
): Promise<Key | undefined> {
  const revocationCertificate =
    typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
  for (const key of known) {
    const revoked = await revokeKey({
      key: key.toPublic(),
      revocationCertificate,
      date: now,
      format: 'object',
      config: pgpConfig,
    }).catch(() => undefined);
    if (revoked) return revoked.publicKey;
  }
  return undefined;
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
