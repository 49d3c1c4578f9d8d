import { Fault } from '../runtime/faults.ts';

/** 2^(16 + 6) bytes, the largest that RFC 9580, section 5.13.2, allows. A chunk is in memory as a whole. */
const maxChunkOctet = 16;
const tagBytes = 16;
const saltBytes = 32;
/** Of GnuPG's form, by mode: EAX, OCB, GCM. */
const nonceBytes: ReadonlyMap<number, number> = new Map([
  [1, 16],
  [2, 15],
  [3, 12],
]);

/**
 * Checks that encrypted data with AEAD consist of chunks that fit in memory, each with all of its tag. Node takes
 * shorter tags of GCM, of which a few can be guessed, and the library hands it what is there.
 *
 * @param start version, cipher, mode and size of a chunk: the first four bytes
 * @param bytes of all of the data
 * @throws Fault PGP_MALFORMED, PGP_INTEGRITY
 */
export function checkChunks(form: 'standard' | 'gnupg', start: readonly number[], bytes: number): void {
  const [, , mode = 0, chunkOctet = 0] = start;
  if (chunkOctet > maxChunkOctet) {
    throw new Fault('PGP_MALFORMED', 'the encrypted data is in chunks of more than 4 MiB');
  }
  const before = 4 + (form === 'standard' ? saltBytes : (nonceBytes.get(mode) ?? 0));
  // Behind the last chunk stands one more tag, over the number of bytes.
  const inChunks = bytes - before - tagBytes;
  const inLastChunk = inChunks % (2 ** (chunkOctet + 6) + tagBytes);
  if (inChunks < tagBytes || (inLastChunk > 0 && inLastChunk < tagBytes)) {
    throw new Fault('PGP_INTEGRITY', 'the encrypted data was cut within the last bytes');
  }
}
