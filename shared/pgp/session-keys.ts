import type { Config, DecryptedSessionKey, PrivateKey, SessionKey } from 'openpgp';

import { rejectsImplicitly } from './implicit-rejection.ts';
import { altered, decryptionFault } from './library-errors.ts';
import { enums } from './library.ts';
import type { AnyMessage } from './said-signatures.ts';
import { pgpConfig } from './settings.ts';

/** The only ciphers that are read when the session key is encrypted to an RSA key. */
const ciphersToRsa: readonly string[] = ['aes128', 'aes192', 'aes256'] satisfies SessionKey['algorithm'][];

/** The library's own, which its types do not show: as `message.decrypt` calls it. */
interface Openable {
  readonly decryptSessionKeys: (
    decryptionKeys: readonly PrivateKey[],
    passwords: undefined,
    /** The cipher of encrypted data that name it themselves. */
    cipher: number | undefined,
    date: Date,
    config: Config,
  ) => Promise<DecryptedSessionKey[]>;
}

/**
 * What the message is encrypted with, as our key opens it. Whatever is wrong with a session key is said in the same
 * words as damaged data; to an RSA key also that it is for a cipher that we do not read.
 *
 * @throws Fault PGP_INTEGRITY, PGP_NO_KEY (the key is not for encryption), PGP_WEAK_ALGORITHM
 */
export async function sessionKeysOf(
  message: AnyMessage,
  ownKey: PrivateKey,
  now: Date,
): Promise<DecryptedSessionKey[]> {
  const algorithms = algorithmsOf(message, ownKey);
  const toRsa = algorithms.some((algorithm) => algorithm.startsWith('rsa'));
  const { symEncryptedIntegrityProtectedData, aeadEncryptedData } = enums.packet;
  const [data] = message.packets.filterByTag(symEncryptedIntegrityProtectedData, aeadEncryptedData);
  const { cipherAlgorithm } = (data ?? {}) as { cipherAlgorithm?: number };
  const openable = message as unknown as Openable;
  try {
    const config = toRsa ? configForRsa(algorithms) : pgpConfig;
    const keys = await openable.decryptSessionKeys([ownKey], undefined, cipherAlgorithm, now, config);
    // A version 6 session key names no cipher: the data do, and only AES has the modes of AEAD.
    const known = keys.every(({ algorithm }) => !algorithm || ciphersToRsa.includes(algorithm));
    if (!toRsa || known) return keys;
  } catch (error) {
    const fault = decryptionFault(error);
    const told = fault.code === 'PGP_NO_KEY' || (!toRsa && fault.code !== 'PGP_MALFORMED');
    if (told) throw fault;
  }
  throw altered();
}

/** Of those of our keys that the message names, or may mean where it names none. */
const algorithmsOf = (message: AnyMessage, ownKey: PrivateKey): string[] =>
  message
    .getEncryptionKeyIDs()
    .flatMap((id) => ownKey.getKeys(id))
    .map((key) => key.getAlgorithmInfo().algorithm);

/**
 * RSA is left to Node where that tells nobody whether a padding was right; else, and for ElGamal, the library does it in
 * BigInts of JavaScript, three times, which takes twenty times as long. To be asked before: where Node refuses a message,
 * the library goes on in code of its own that tells everybody.
 */
const configForRsa = (algorithms: readonly string[]): Config =>
  rejectsImplicitly() && !algorithms.includes('elgamal') ? configForNode : pgpConfig;

const configForNode: Config = Object.freeze({ ...pgpConfig, constantTimePKCS1Decryption: false });
