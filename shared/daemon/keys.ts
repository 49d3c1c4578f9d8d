import type { LoadedConfig } from '../runtime/config.ts';
import type { InboxConfig } from '../runtime/config-schema.ts';
import { Fault } from '../runtime/faults.ts';
import { keysFolder, passphraseFile } from '../runtime/paths.ts';
import { readSecret } from '../runtime/secrets.ts';
import { loadKeyRing, requireParties, type KeyRing } from '../pgp/key-ring.ts';
import { verifyMessage, type Verified } from '../pgp/open-stream.ts';
import type { OpenPolicy } from '../pgp/open.ts';
import type { PgpThreads } from '../pgp/threads.ts';
import { contentOf, wholeOf, type Content, type ReceivedFile } from '../spool/received-file.ts';
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
 * What is opened in memory unpacks to no more than this, in bytes; what does not fit is opened as a stream. In proportion
 * to the message, since many small ones are in memory at the same time, and a bomb is small.
 */
const memoryFor = (message: Uint8Array): number => Math.max(64 * 1024, message.length * unpackFactor);

/**
 * The content of a received file, after integrity and signature are settled by the policy of its inbox. Of a large file
 * nothing is kept: it is decrypted once to be verified, and again, over the same bytes, when its content is read.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_…
 */
export async function openFile(
  { clock, emit }: Pick<Runtime, 'clock' | 'emit'>,
  file: Content & Pick<ReceivedFile, 'name'>,
  policy: InboxConfig,
  pgp: PgpThreads,
): Promise<Content> {
  if (policy.encryption === 'none') return file;
  const limits = {
    ...policy,
    maxPlaintextBytes: Math.floor(policy.maxFileMegabytes * 1024 * 1024 * unpackFactor),
  };
  const small = file.inMemory ? await openSmall(file, pgp, limits, clock.now()) : undefined;
  const opened = small ?? (await openLarge(file, pgp.ring, limits, clock.now()));
  if (opened.retiredKey) emit('key.retired-used', { file: file.name, key: opened.decryptedWith });
  return opened.content;
}

type Opened = { readonly content: Content } & Pick<Verified, 'decryptedWith' | 'retiredKey'>;

/** @returns undefined when it unpacks to more than is to be held in memory */
async function openSmall(
  file: Content,
  pgp: PgpThreads,
  policy: OpenPolicy,
  now: Date,
): Promise<Opened | undefined> {
  const message = await wholeOf(file);
  const maxPlaintextBytes = Math.min(policy.maxPlaintextBytes, memoryFor(message));
  try {
    const opened = await pgp.open(message, { ...policy, maxPlaintextBytes }, now);
    return { ...opened, content: contentOf(opened.bytes) };
  } catch (thrown) {
    const mayBeLarger = maxPlaintextBytes < policy.maxPlaintextBytes;
    if (mayBeLarger && thrown instanceof Fault && thrown.code === 'PGP_BOMB') return undefined;
    throw thrown;
  }
}

async function openLarge(file: Content, ring: KeyRing, policy: OpenPolicy, now: Date): Promise<Opened> {
  const verified = await verifyMessage(() => file.pieces(), ring, policy, now);
  return { ...verified, content: { inMemory: false, pieces: () => verified.content() } };
}
