import { join } from 'node:path';

import { writeNewFile } from '../runtime/secrets.ts';
import { ownFolder, revocationFolder, type KeyPlace } from './key-files.ts';
import { generateKey, readPrivateKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/**
 * Makes a new key of our own, protected by the passphrase, in `own/<fingerprint>.asc` or where keys lie that are coming;
 * and beside it, in `own/revocations/`, the certificate that revokes it when it is lost. Curve25519 in the form of
 * version 4 keys, which GnuPG 2.2 and newer and Sequoia read.
 *
 * @returns the fingerprint
 */
export async function generateOwnKey(options: {
  readonly folder: string;
  readonly passphrase: string;
  readonly name: string;
  readonly email?: string;
  readonly place?: KeyPlace;
  readonly now?: Date;
}): Promise<string> {
  const { folder, passphrase, name, email, place, now = new Date() } = options;
  const { privateKey, revocationCertificate } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: email === undefined ? { name } : { name, email },
    passphrase,
    date: now,
    format: 'armored',
    config: pgpConfig,
  });
  const key = await readPrivateKey({ armoredKey: privateKey, config: pgpConfig });
  const file = `${key.getFingerprint()}.asc`;
  // First: a key that is used has its certificate, whatever happens in between.
  await writeNewFile(join(revocationFolder(folder), file), revocationCertificate, 0o600);
  await writeNewFile(join(ownFolder(folder, place), file), privateKey, 0o600);
  return key.getFingerprint();
}
