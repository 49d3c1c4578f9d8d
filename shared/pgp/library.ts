import { Duplex } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import { createInflate, createInflateRaw } from 'node:zlib';

/**
 * The OpenPGP library. Everything takes it from here, and not from the package, because of what it has to find when it
 * is loaded.
 *
 * The library unpacks with the global `DecompressionStream`, else with JavaScript of its own. Node's global refuses
 * bytes behind the end of a compressed stream (since nodejs/node#58316), and exactly there Sequoia puts the padding that
 * hides the length of its messages: `sq encrypt` does so by default. The library's own code unpacks each piece as a
 * whole, and 64 KiB of a bomb are 64 MiB. So it is given one made of Node's zlib, which passes over the padding (it is
 * inside the encrypted and authenticated data) and unpacks no more than is asked for.
 */
class PaddingTolerantDecompression {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;

  constructor(format: string) {
    const inflate = format === 'deflate-raw' ? createInflateRaw() : createInflate();
    ({ readable: this.readable, writable: this.writable } = Duplex.toWeb(inflate));
  }
}
// For good: the library looks for it whenever it unpacks. Nothing else here does.
Object.assign(globalThis, { DecompressionStream: PaddingTolerantDecompression });
const library = await import('openpgp');

export const {
  armor,
  config,
  createMessage,
  decrypt,
  decryptKey,
  decryptSessionKeys,
  encrypt,
  encryptKey,
  encryptSessionKey,
  enums,
  generateKey,
  OnePassSignaturePacket,
  readKeys,
  readMessage,
  readPrivateKey,
  revokeKey,
  sign,
} = library;
