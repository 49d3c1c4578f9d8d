import { rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { Fault } from '../runtime/faults.ts';
import { isThere } from '../runtime/is-there.ts';
import { makeFolder, readPrivateFile, replaceFile } from '../runtime/secrets.ts';
import { keysOfFile, ownFolder, type KeyPlace } from './key-files.ts';
import { unlock } from './key-ring.ts';
import { enums, revokeKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/** Changes of key files, each as a whole: whoever reads meanwhile finds what was before or what is now. */

/** A file with a key of ours, and the place where it belongs. */
export interface KeyMove {
  readonly path: string;
  readonly place: KeyPlace;
}

/**
 * Moves files with keys of ours, one after the other, with what else lies in them. Callers see to it that nobody else
 * does so at the same time.
 *
 * @throws Fault NOT_ALLOWED when another file has the name of one there: then none is moved
 */
export async function moveKeyFiles(folder: string, moves: readonly KeyMove[]): Promise<void> {
  const planned = moves.map(({ path, place }) => ({
    from: path,
    to: join(ownFolder(folder, place), basename(path)),
  }));
  for (const { from, to } of planned) {
    if (await isThere(to))
      throw new Fault('NOT_ALLOWED', `${to} exists already and is not replaced: give ${from} another name`);
  }
  for (const { from, to } of planned) {
    await makeFolder(dirname(to));
    await rename(from, to);
    await syncFolder(dirname(to));
    await syncFolder(dirname(from));
  }
}

export async function removeKeyFile(path: string): Promise<void> {
  await unlink(path);
  await syncFolder(dirname(path));
}

/** Why a key of ours is revoked, as OpenPGP says it (RFC 9580, section 5.2.3.31). */
export const revocationReasons = {
  /** Others may have it: nothing that it ever signed counts. */
  compromised: enums.reasonForRevocation.keyCompromised,
  /** Another takes its place: what it signed before counts on, for programs that look at the date. */
  superseded: enums.reasonForRevocation.keySuperseded,
  /** It is not used any more; as before. */
  unused: enums.reasonForRevocation.keyRetired,
} as const;
export type RevocationReason = keyof typeof revocationReasons;

/**
 * Writes the revocation of a key of ours into its file.
 *
 * @param key.path with no other key in it
 * @throws Fault KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, SECRET_EXPOSED
 */
export async function revokeOwnKey(key: {
  readonly path: string;
  readonly passphrase: string;
  readonly because: RevocationReason;
  readonly now: Date;
}): Promise<void> {
  const { path, passphrase, because, now } = key;
  const [locked] = await keysOfFile(path, await readPrivateFile(path));
  if (!locked?.isPrivate()) throw new Fault('KEY_UNREADABLE', `${path} holds no private key`);
  const { publicKey } = await revokeKey({
    key: await unlock(locked, passphrase, path),
    reasonForRevocation: { flag: revocationReasons[because], string: '' },
    date: now,
    format: 'object',
    config: pgpConfig,
  });
  const revoked = await locked.update(publicKey, now, pgpConfig);
  await replaceFile(path, revoked.armor(pgpConfig), 0o600);
}
