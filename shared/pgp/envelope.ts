import { Fault } from '../runtime/faults.ts';
import { checkChunks } from './aead-chunks.ts';

/** Packet types of RFC 9580, section 5, that matter here, and GnuPG's own encrypted data (type 20, LibrePGP). */
const tag = {
  publicKeySessionKey: 1,
  passwordSessionKey: 3,
  unprotectedData: 9,
  marker: 10,
  protectedData: 18,
  aeadData: 20,
  padding: 21,
};
const sessionKeyTags = [tag.publicKeySessionKey, tag.passwordSessionKey];
const dataTags = [tag.unprotectedData, tag.protectedData, tag.aeadData];
const ignoredTags = [tag.marker, tag.padding];

/** How the encrypted data shows that they are whole: by one code at the end, or chunk by chunk. */
export type Protection = 'modification detection code' | 'aead';

/** More than any session key needs, with quantum-safe ones in mind; a packet is in memory as a whole. */
const maxPacketBytes = 65_536;

interface Length {
  readonly bytes: number;
  /** The packet goes on after these bytes, with another length. */
  readonly partial: boolean;
}

/** The packet being read. */
interface Packet {
  readonly tag: number;
  /** The type of length in the old format; undefined in the new format. */
  readonly lengthType: number | undefined;
  /** Bytes of an unfinished length. */
  lengthBytes: number[];
  /** Undefined while its length is being read. */
  length: Length | undefined;
  left: number;
}

/**
 * Checks the outer form of a binary message before the library sees it: session keys, then one packet of encrypted
 * data with integrity protection, then nothing (RFC 9580, section 10.3). The bytes come in pieces of any size.
 */
export class Envelope {
  readonly #maxSessionKeyPackets: number;
  #packet: Packet | undefined;
  #before = 0;
  /** The type of the encrypted data, once they have begun. */
  #dataTag: number | undefined;
  /** The first bytes of the encrypted data: version, and with AEAD also cipher, mode and size of a chunk. */
  readonly #dataStart: number[] = [];
  #dataBytes = 0;

  constructor(maxSessionKeyPackets: number) {
    this.#maxSessionKeyPackets = maxSessionKeyPackets;
  }

  /**
   * Takes the next bytes.
   *
   * @returns what of the encrypted data is in them
   * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_TOO_MANY_RECIPIENTS
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const data: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      if (this.#packet === undefined) {
        this.#packet = this.#begin(bytes[at++] ?? 0);
      } else if (this.#packet.length === undefined) {
        this.#packet.lengthBytes.push(bytes[at++] ?? 0);
      } else {
        const piece = bytes.subarray(at, at + this.#packet.left);
        if (this.#packet.tag === this.#dataTag) {
          this.#dataStart.push(...piece.subarray(0, 4 - this.#dataStart.length));
          this.#dataBytes += piece.length;
          data.push(piece);
        }
        this.#packet.left -= piece.length;
        at += piece.length;
      }
      this.#advance(this.#packet);
    }
    return data;
  }

  /**
   * Says that there are no more bytes.
   *
   * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_NO_INTEGRITY, PGP_INTEGRITY
   */
  end(): Protection {
    if (this.#dataTag === undefined) {
      if (this.#packet !== undefined) {
        throw new Fault('PGP_MALFORMED', 'the file ends before the encrypted data');
      }
      throw this.#notAMessage();
    }
    if (this.#dataTag === tag.unprotectedData) {
      throw new Fault('PGP_NO_INTEGRITY', 'the encrypted data can be altered unnoticed (packet type 9)');
    }
    if (this.#packet !== undefined && this.#packet.left !== Infinity) {
      throw new Fault('PGP_INTEGRITY', 'the file ends before the encrypted data does');
    }
    return this.#protection();
  }

  /** @throws Fault PGP_MALFORMED, PGP_INTEGRITY */
  #protection(): Protection {
    const standard = this.#dataTag === tag.protectedData;
    const [version] = this.#dataStart;
    if (standard && version === 1) return 'modification detection code';
    if (version !== (standard ? 2 : 1)) {
      throw new Fault('PGP_MALFORMED', 'the encrypted data is of a version that does not exist');
    }
    checkChunks(standard ? 'standard' : 'gnupg', this.#dataStart, this.#dataBytes);
    return 'aead';
  }

  /** A packet by the first byte of its header (RFC 9580, section 4.2). */
  #begin(header: number): Packet {
    if (this.#dataTag !== undefined) {
      throw new Fault('PGP_MALFORMED', 'something follows the message: only one message may be in a file');
    }
    const newFormat = (header & 0x40) !== 0;
    const type = (header & 0x80) === 0 ? -1 : newFormat ? header & 0x3f : (header & 0x3f) >> 2;
    if (dataTags.includes(type)) this.#dataTag = type;
    else if (!sessionKeyTags.includes(type) && !ignoredTags.includes(type)) throw this.#notAMessage();
    const lengthType = newFormat ? undefined : header & 3;
    return { tag: type, lengthType, lengthBytes: [], length: undefined, left: 0 };
  }

  #advance(packet: Packet): void {
    if (packet.length === undefined) {
      packet.length = lengthOf(packet);
      if (packet.length === undefined) return;
      packet.left = packet.length.bytes;
      if (packet.tag !== this.#dataTag && packet.left > maxPacketBytes) {
        throw new Fault('PGP_MALFORMED', 'a packet before the encrypted data is too long for a session key');
      }
    }
    if (packet.left > 0) return;
    if (packet.length.partial) {
      packet.length = undefined;
      packet.lengthBytes = [];
      return;
    }
    this.#packet = undefined;
    if (packet.tag !== this.#dataTag && ++this.#before > this.#maxSessionKeyPackets) {
      throw new Fault(
        'PGP_TOO_MANY_RECIPIENTS',
        `more than ${this.#maxSessionKeyPackets} packets before the encrypted data`,
      );
    }
  }

  #notAMessage(): Fault {
    return this.#before === 0
      ? new Fault('NOT_ENCRYPTED', 'the file is not an encrypted OpenPGP message')
      : new Fault('PGP_MALFORMED', 'session keys without encrypted data after them');
  }
}

/**
 * The same for a message in memory.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_TOO_MANY_RECIPIENTS, PGP_NO_INTEGRITY, PGP_INTEGRITY
 */
export function checkEnvelope(bytes: Uint8Array, maxSessionKeyPackets: number): void {
  const envelope = new Envelope(maxSessionKeyPackets);
  envelope.push(bytes);
  envelope.end();
}

/** Undefined while bytes of it are missing. */
function lengthOf({ lengthType, lengthBytes }: Packet): Length | undefined {
  if (lengthType === undefined) return newLength(lengthBytes);
  // Type 3: no length, the packet goes on to the end of the file.
  if (lengthType === 3) return { bytes: Infinity, partial: false };
  return lengthBytes.length < 2 ** lengthType ? undefined : whole(lengthBytes);
}

function newLength(bytes: readonly number[]): Length | undefined {
  const [first, second] = bytes;
  if (first === undefined) return undefined;
  if (first < 192) return whole([first]);
  if (first >= 224 && first < 255) return { bytes: 2 ** (first & 0x1f), partial: true };
  if (first === 255) return bytes.length < 5 ? undefined : whole(bytes.slice(1));
  return second === undefined ? undefined : { bytes: ((first - 192) << 8) + 192 + second, partial: false };
}

/** Big-endian. */
const whole = (bytes: readonly number[]): Length => ({
  bytes: bytes.reduce((value, byte) => value * 256 + byte, 0),
  partial: false,
});
