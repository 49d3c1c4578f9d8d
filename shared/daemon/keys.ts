import type { LoadedConfig } from '../runtime/config.ts';
import type { InboxConfig } from '../runtime/config-schema.ts';
import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault } from '../runtime/faults.ts';
import { keysFolder, passphraseFile } from '../runtime/paths.ts';
import { readSecret } from '../runtime/secrets.ts';
import { loadKeyRing, requireParties, type KeyRing } from '../pgp/key-ring.ts';
import { verifyMessage, type Verified } from '../pgp/open-stream.ts';
import type { OpenPolicy } from '../pgp/open.ts';
import { PgpThreads } from '../pgp/threads.ts';
import { contentOf, wholeOf, type Content, type ReceivedFile } from '../spool/received-file.ts';
import type { Runtime } from './process.ts';

/** Unpacked content may be so many times the largest file: JSON of identifiers packs well, a bomb packs better. */
const unpackFactor = 20;

export const passphraseOf = (loaded: LoadedConfig) => ({
  name: 'pgp-passphrase',
  file: passphraseFile(loaded),
});

export const readPassphrase = (loaded: LoadedConfig): Promise<string> => readSecret(passphraseOf(loaded));

/**
 * Our keys and the partners', unlocked, with every party that this process will need.
 *
 * @throws Fault KEY_MISSING, KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, SECRET_EXPOSED
 */
export async function openKeyRing(loaded: LoadedConfig, parties: readonly string[]): Promise<KeyRing> {
  const ring = await readKeyRing(loaded);
  requireParties(ring, parties);
  return ring;
}

/** All keys as they lie on the disk. @throws Fault KEY_…, SECRET_EXPOSED */
export const readKeyRing = async (loaded: LoadedConfig): Promise<KeyRing> =>
  loadKeyRing({ folder: keysFolder(loaded), passphrase: await readPassphrase(loaded) });

/** The keys of a process. */
export interface Keys {
  /** Opens and seals with the keys that are used at present. */
  readonly pgp: PgpThreads;
  /**
   * Asked before a file is refused because of a key: looks whether there are others by now.
   *
   * @returns whether other keys are used than in `ring`
   * @throws Fault KEYS_IN_DOUBT when those on the disk cannot be used
   */
  areRenewed(ring: KeyRing, refusal: Fault): Promise<boolean>;
}

/** Keys that are used once, as they are. */
export const fixedKeys = (ring: KeyRing, pgp = new PgpThreads(ring)): Keys => ({
  pgp,
  areRenewed: () => Promise.resolve(false),
});

/**
 * What is opened in memory unpacks to no more than this, in bytes; what does not fit is opened as a stream. In proportion
 * to the message, since many small ones are in memory at the same time, and a bomb is small.
 */
const memoryFor = (message: Uint8Array): number => Math.max(64 * 1024, message.length * unpackFactor);

/**
 * The content of a received file, after integrity and signature are settled by the policy of its inbox. Of a large file
 * nothing is kept: it is decrypted once to be verified, and again, over the same bytes, when its content is read.
 *
 * A file that would be refused because of a key is opened again when there are other keys by now: it may have come with
 * them.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_…, KEYS_IN_DOUBT
 */
export async function openFile(
  { clock, emit }: Pick<Runtime, 'clock' | 'emit'>,
  file: Content & Pick<ReceivedFile, 'name'>,
  policy: InboxConfig,
  keys: Keys,
): Promise<Content> {
  if (policy.encryption === 'none') return file;
  const limits = {
    ...policy,
    maxPlaintextBytes: Math.floor(policy.maxFileMegabytes * 1024 * 1024 * unpackFactor),
  };
  const opened = await withKeys(keys, async ({ pgp }) => {
    const { ring } = pgp;
    const small = file.inMemory ? await openSmall(file, pgp, limits, clock.now()) : undefined;
    return small ?? openLarge(file, ring, limits, clock.now());
  });
  if (opened.retiredKey) emit('key.retired-used', { file: file.name, key: opened.decryptedWith });
  return opened.content;
}

/** Refusals that other keys could turn into none. */
const becauseOfKeys: readonly FaultCode[] = ['PGP_NO_KEY', 'PGP_UNKNOWN_SIGNER', 'PGP_KEY_EXPIRED'];

async function withKeys<T>(keys: Keys, open: (keys: Keys) => Promise<T>): Promise<T> {
  const { ring } = keys.pgp;
  try {
    return await open(keys);
  } catch (thrown) {
    const isRefused = thrown instanceof Fault && becauseOfKeys.includes(thrown.code);
    if (!isRefused || !(await keys.areRenewed(ring, thrown))) throw thrown;
    return withKeys(keys, open);
  }
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
