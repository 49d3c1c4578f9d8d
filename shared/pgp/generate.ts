import { join } from 'node:path';

import { writeNewFile } from '../runtime/secrets.ts';
import { ownFolder } from './key-files.ts';
import { generateKey, readPrivateKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/**
 * Makes a new key of our own, protected by the passphrase, in `own/<fingerprint>.asc`; being the newest, it is used
 * from the next start on. Curve25519 in the form of version 4 keys, which GnuPG 2.2 and newer and Sequoia read.
 *
 * @returns the fingerprint
 */
export async function generateOwnKey(options: {
  readonly folder: string;
  readonly passphrase: string;
  readonly name: string;
  readonly email?: string;
  readonly now?: Date;
}): Promise<string> {
  const { folder, passphrase, name, email, now = new Date() } = options;
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: email === undefined ? { name } : { name, email },
    passphrase,
    date: now,
    format: 'armored',
    config: pgpConfig,
  });
  const key = await readPrivateKey({ armoredKey: privateKey, config: pgpConfig });
  await writeNewFile(join(ownFolder(folder), `${key.getFingerprint()}.asc`), privateKey, 0o600);
  return key.getFingerprint();
}
