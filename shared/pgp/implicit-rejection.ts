import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto';

/** Large enough for any padding; nothing is ever kept secret by this key. */
const bits = 512;

let known: boolean | undefined;

/**
 * Whether Node answers a wrong padding of RSA (PKCS #1 v1.5) with bytes that depend on key and message alone, as if these
 * had been encrypted, in the time that a right one takes: "implicit rejection", of OpenSSL 3.2 and newer. Then nobody can
 * learn from us whether a padding was right (Bleichenbacher's attack). It is tried once, with a key made for it.
 */
export function rejectsImplicitly(): boolean {
  known ??= tryIt();
  return known;
}

function tryIt(): boolean {
  try {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    // It begins as signatures do.
    const block = Buffer.alloc(bits / 8, 1).fill(0, 0, 1);
    const message = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
    privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, message);
    return true;
  } catch {
    return false;
  }
}
