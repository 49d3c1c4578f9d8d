import type { Key } from 'openpgp';

import { keyRingPaths } from '../pgp/key-files.ts';
import { allOwnKeys, missingParties, requireParties, type KeyRing } from '../pgp/key-ring.ts';
import { PgpThreads } from '../pgp/threads.ts';
import { faultFields } from '../runtime/events.ts';
import { Fault } from '../runtime/faults.ts';
import { keysFolder } from '../runtime/paths.ts';
import { RereadFiles } from '../runtime/reread-files.ts';
import { secretPaths } from '../runtime/secrets.ts';
import type { Task } from '../runtime/task-loop.ts';
import { passphraseOf, readKeyRing, type Keys } from './keys.ts';
import type { Runtime } from './process.ts';

/**
 * The keys of a daemon, read again when their files change: by looking, since notices of changes do not come from a file
 * server. Other processes may have them some seconds earlier or later, which does no harm: a key that is new to one of
 * them is known to it when it opens the first file that needs it.
 */
export class KeysInUse implements Keys {
  readonly pgp: PgpThreads;
  readonly #emit: Runtime['emit'];
  readonly #files: RereadFiles<KeyRing>;
  readonly #parties: readonly string[];

  private constructor(
    { emit }: Pick<Runtime, 'emit'>,
    files: RereadFiles<KeyRing>,
    ring: KeyRing,
    parties: readonly string[],
  ) {
    this.pgp = new PgpThreads(ring);
    this.#emit = emit;
    this.#files = files;
    this.#parties = parties;
  }

  /**
   * @param parties that this process needs a key of
   * @throws Fault KEY_MISSING, KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, SECRET_EXPOSED
   */
  static async open(
    runtime: Pick<Runtime, 'loaded' | 'clock' | 'emit'>,
    parties: readonly string[],
  ): Promise<KeysInUse> {
    const { loaded, clock, emit } = runtime;
    const files = new RereadFiles({
      paths: async () => [...secretPaths(passphraseOf(loaded)), ...(await keyRingPaths(keysFolder(loaded)))],
      clock,
      read: () => readKeyRing(loaded),
      onRefused: (fault) => emit('keys.refused', faultFields(fault)),
    });
    const ring = await files.current();
    requireParties(ring, parties);
    return new KeysInUse(runtime, files, ring, parties);
  }

  /** Looks every two seconds at most. To be the first task of its process: what follows works with the keys of now. */
  get task(): Task {
    return {
      name: 'keys',
      step: async () => {
        this.#use(await this.#files.current());
        return { worked: 0, refused: 0, waiting: 0 };
      },
    };
  }

  async areRenewed(ring: KeyRing, refusal: Fault): Promise<boolean> {
    this.#use(await this.#files.latest());
    if (this.pgp.ring !== ring) return true;
    const doubt = this.#files.refusal ?? missingParties(ring, this.#parties);
    if (doubt === undefined) return false;
    throw new Fault(
      'KEYS_IN_DOUBT',
      `${refusal.code}: ${refusal.detail}; but ${doubt.code}: ${doubt.detail}`,
    );
  }

  #use(ring: KeyRing): void {
    const before = this.pgp.ring;
    if (ring === before) return;
    this.pgp.renew(ring);
    this.#emit('keys.changed', changesBetween(before, ring));
    const missing = missingParties(ring, this.#parties);
    if (missing) this.#emit('keys.missing', faultFields(missing));
  }
}

function changesBetween(before: KeyRing, after: KeyRing) {
  const [had, has] = [keysIn(before), keysIn(after)];
  const isChanged = (key: Key, fingerprint: string) => {
    const old = had.get(fingerprint);
    return old !== undefined && Buffer.compare(old.toPublic().write(), key.toPublic().write()) !== 0;
  };
  return {
    signing: after.own[0]?.getFingerprint() ?? '',
    added: [...has.keys()].filter((fingerprint) => !had.has(fingerprint)),
    removed: [...had.keys()].filter((fingerprint) => !has.has(fingerprint)),
    changed: [...has].flatMap(([fingerprint, key]) => (isChanged(key, fingerprint) ? fingerprint : [])),
  };
}

/** All keys, by fingerprint. */
const keysIn = (ring: KeyRing): ReadonlyMap<string, Key> =>
  new Map(
    [...allOwnKeys(ring), ...[...ring.partners.values()].flat()].map((key) => [key.getFingerprint(), key]),
  );
