import type { Config } from 'openpgp';
import { config, enums } from './library.ts';

/**
 * The one configuration for OpenPGP, passed with every call: the library's global one can be changed by anybody.
 * What protects us is written out even where it is the library's default today.
 */
export const pgpConfig: Readonly<Config> = Object.freeze({
  ...config,
  // Content without integrity protection is never released (EFAIL, efail.de).
  allowUnauthenticatedMessages: false,
  allowUnauthenticatedStream: false,
  // Only the packet sequences that the standard allows; otherwise signatures can be made to cover other data.
  enforceGrammar: true,
  ignoreMalformedPackets: false,
  // We decrypt unattended and our answers can be observed, so RSA must not tell whether the padding was right. Where Node
  // sees to that by itself, it is left to Node: session-keys.ts.
  constantTimePKCS1Decryption: true,
  allowInsecureDecryptionWithSigningKeys: false,
  allowInsecureVerificationWithReformattedKeys: false,
  allowMissingKeyFlags: false,
  minRSABits: 2047,
  rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd]),
  rejectMessageHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal, enums.publicKey.dsa]),
  // 2^18 KiB = 256 MiB, for private key files protected with Argon2.
  maxArgon2MemoryExponent: 18,
  // What we write is read by GnuPG 2.2 too, which knows neither AEAD nor version 6 keys.
  aeadProtect: false,
  v6Keys: false,
});

/** Packets before the encrypted data, one for each recipient. Each costs a private-key operation when its key id is hidden. */
export const maxSessionKeyPackets = 32;

/** How far a sender's clock may be ahead of ours: such a file is tried again until its date has come. */
export const clockSkewSeconds = 300;

/**
 * Configuration to decrypt one message.
 *
 * @param maxUnpackedBytes size after decompression, packet headers included
 */
export function decryptionConfig(maxUnpackedBytes: number): Readonly<Config> {
  return Object.freeze({
    ...pgpConfig,
    maxDecompressedMessageSize: maxUnpackedBytes,
    // A signature that the library does not understand would otherwise be passed over as if it were not there.
    ignoreUnsupportedPackets: false,
  });
}
