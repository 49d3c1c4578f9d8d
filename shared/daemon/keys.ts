import type { LoadedConfig } from '../runtime/config.ts';
import type { InboxConfig } from '../runtime/config-schema.ts';
import { keysFolder, passphraseFile } from '../runtime/paths.ts';
import { readSecret } from '../runtime/secrets.ts';
import { loadKeyRing, requireParties, type KeyRing } from '../pgp/key-ring.ts';
import { openMessage } from '../pgp/open.ts';
import type { Runtime } from './process.ts';

/** Unpacked content may be so many times the largest file: JSON of identifiers packs well, a bomb packs better. */
const unpackFactor = 20;

export const readPassphrase = (loaded: LoadedConfig): Promise<string> =>
  readSecret({ name: 'pgp-passphrase', file: passphraseFile(loaded) });

/**
 * Our keys and the partners', unlocked, with every party that this process will need.
 *
 * @throws Fault KEY_MISSING, KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, SECRET_EXPOSED
 */
export async function openKeyRing(loaded: LoadedConfig, parties: readonly string[]): Promise<KeyRing> {
  const ring = await loadKeyRing({
    folder: keysFolder(loaded),
    passphrase: await readPassphrase(loaded),
  });
  requireParties(ring, parties);
  return ring;
}

/**
 * The content of a received file, after integrity and signature are settled by the policy of its inbox.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_…
 */
export async function openFile(
  { clock, emit }: Pick<Runtime, 'clock' | 'emit'>,
  file: { readonly name: string; readonly bytes: Uint8Array },
  policy: InboxConfig,
  ring: KeyRing,
): Promise<Uint8Array> {
  if (policy.encryption === 'none') return file.bytes;
  const maxPlaintextBytes = policy.maxFileMegabytes * 1024 * 1024 * unpackFactor;
  const opened = await openMessage(file.bytes, ring, { ...policy, maxPlaintextBytes }, clock.now());
  if (opened.retiredKey) emit('key.retired-used', { file: file.name, key: opened.decryptedWith });
  return opened.bytes;
}
