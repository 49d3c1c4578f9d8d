import { deflateRawSync, deflateSync, inflateRawSync, inflateSync } from 'node:zlib';

import type { Random } from '../random.ts';
import { byteMutations, maxBytes } from './bytes.ts';
import { mutated, type Mutation } from './mutation.ts';

/** Changes to OpenPGP packets (RFC 9580, section 4) that keep a form, so that they come further than a changed byte. */

export interface Packet {
  readonly tag: number;
  readonly body: Buffer;
  readonly header: Header;
}

/** How the length is written. The lying ones say more, or less, than there is. */
const headers = [
  'new',
  'new five bytes',
  'partial',
  'partial, tiny',
  'old',
  'old four bytes',
  'old, to the end',
  'one too many',
  'one too few',
  'two billion',
  'four billion',
  'partial without end',
] as const;
type Header = (typeof headers)[number];

/** The packets of bytes that begin with one; what cannot be read is the last of them, to the end. */
export function packetsOf(bytes: Buffer): Packet[] {
  const found: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const read = packetAt(bytes, at);
    if (!read) return [...found, { tag: 63, body: bytes.subarray(at), header: 'new' }];
    found.push(read.packet);
    at = read.next;
  }
  return found;
}

function packetAt(bytes: Buffer, at: number): { packet: Packet; next: number } | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  if ((first & 0x40) === 0) {
    const size = 2 ** (first & 3);
    if (size === 8 || at + 1 + size > bytes.length) return undefined;
    const from = at + 1 + size;
    const to = from + bytes.readUIntBE(at + 1, size);
    return { packet: { tag: (first >> 2) & 15, body: bytes.subarray(from, to), header: 'old' }, next: to };
  }
  const parts: Buffer[] = [];
  let from = at + 1;
  for (;;) {
    const length = bytes[from];
    if (length === undefined) return undefined;
    const partial = length >= 224 && length < 255;
    const [size, bodyLength] = partial
      ? [1, 2 ** (length & 31)]
      : length < 192
        ? [1, length]
        : length < 224
          ? [2, ((length - 192) << 8) + 192 + (bytes[from + 1] ?? 0)]
          : [5, from + 5 <= bytes.length ? bytes.readUInt32BE(from + 1) : 0];
    parts.push(bytes.subarray(from + size, from + size + bodyLength));
    from += size + bodyLength;
    if (!partial) break;
  }
  const header = parts.length > 1 ? 'partial' : 'new';
  return { packet: { tag: first & 63, body: Buffer.concat(parts), header }, next: from };
}

export const bytesOf = (packets: readonly Packet[]): Buffer => Buffer.concat(packets.map(written));

function written({ tag, body, header }: Packet): Buffer {
  switch (header) {
    case 'new':
      return Buffer.concat([Buffer.of(0xc0 | tag), newLength(body.length), body]);
    case 'new five bytes':
      return withLength(tag, body, body.length);
    case 'partial':
      return inParts(tag, body, 512);
    case 'partial, tiny':
      return inParts(tag, body, 1);
    case 'old':
      return old(tag, body, body.length < 65_536 ? 2 : 4);
    case 'old four bytes':
      return old(tag, body, 4);
    case 'old, to the end':
      return Buffer.concat([Buffer.of(0x83 | ((tag & 15) << 2)), body]);
    case 'one too many':
      return withLength(tag, body, body.length + 1);
    case 'one too few':
      return withLength(tag, body, Math.max(0, body.length - 1));
    case 'two billion':
      return withLength(tag, body, 2 ** 31);
    case 'four billion':
      return withLength(tag, body, 2 ** 32 - 1);
    case 'partial without end':
      return Buffer.concat([Buffer.of(0xc0 | tag, 224 + 30), body]);
  }
}

function newLength(length: number): Buffer {
  if (length < 192) return Buffer.of(length);
  if (length < 8384) return Buffer.of(((length - 192) >> 8) + 192, (length - 192) & 255);
  return fiveBytes(length);
}

function fiveBytes(length: number): Buffer {
  const bytes = Buffer.alloc(5, 255);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const withLength = (tag: number, body: Buffer, length: number): Buffer =>
  Buffer.concat([Buffer.of(0xc0 | tag), fiveBytes(length), body]);

function inParts(tag: number, body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [Buffer.of(0xc0 | tag)];
  let at = 0;
  // A great many tiny parts would only take long.
  for (let count = 0; at + size <= body.length && count < 4000; at += size, count++) {
    parts.push(Buffer.of(224 + Math.log2(size)), body.subarray(at, at + size));
  }
  return Buffer.concat([...parts, newLength(body.length - at), body.subarray(at)]);
}

function old(tag: number, body: Buffer, size: 2 | 4): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([Buffer.of(0x80 | ((tag & 15) << 2) | (size === 2 ? 1 : 2)), length, body]);
}

/** Tags that stand in messages, and some that do not. */
const tags = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 40, 60, 63];

type Packets = readonly Packet[];

const at = (random: Random, packets: Packets): number => random.below(packets.length);

function withPacket(random: Random, packets: Packets, change: (packet: Packet) => Packet): Packets {
  const index = at(random, packets);
  return packets.map((packet, n) => (n === index ? change(packet) : packet));
}

const plain = (tag: number, body: Buffer): Packet => ({ tag, body, header: 'new' });

/** The packets within a packet of compressed data: raw deflate, zlib, stored, or a kind that nobody knows. */
function compressed(random: Random, packets: Packets): Packet {
  const bytes = bytesOf(packets);
  const kind = random.pick([0, 1, 2, 2, 3, 110]);
  const body = kind === 1 ? deflateRawSync(bytes) : kind === 2 ? deflateSync(bytes) : bytes;
  return plain(8, Buffer.concat([Buffer.of(kind), body]));
}

const packetMutations: readonly Mutation<Packets>[] = [
  (random, packets) => withPacket(random, packets, (packet) => ({ ...packet, header: random.pick(headers) })),
  (random, packets) => withPacket(random, packets, (packet) => ({ ...packet, tag: random.pick(tags) })),
  (random, packets, other) =>
    withPacket(random, packets, (packet) => ({
      ...packet,
      body: random.pick(byteMutations)(random, packet.body, other[0]?.body ?? packet.body),
    })),
  // The version, and the algorithms, stand at the beginning.
  (random, packets) =>
    withPacket(random, packets, (packet) => {
      const body = Buffer.from(packet.body);
      if (body.length > 0) body[random.below(Math.min(body.length, 24))] = random.below(256);
      return { ...packet, body };
    }),
  (random, packets) => packets.toSpliced(at(random, packets), 1),
  (random, packets) => {
    const index = at(random, packets);
    return packets.toSpliced(index, 0, ...packets.slice(index, index + 1));
  },
  (random, packets) => {
    const index = at(random, packets);
    const packet = packets[index] ?? plain(10, Buffer.from('PGP'));
    const most = 1 + Math.floor(maxBytes / (1 + packet.body.length));
    const copies = Array.from({ length: Math.min(random.between(2, 60), most) }, () => packet);
    return packets.toSpliced(index, 0, ...copies);
  },
  (random, packets) => random.shuffled(packets),
  (random, packets, other) => packets.toSpliced(at(random, packets), 0, ...other.slice(at(random, other), 3)),
  (_random, packets, other) => [...packets, ...other],
  // Marker, padding, trust, and types that may, or must not, be passed over.
  (random, packets) =>
    packets.toSpliced(
      random.below(packets.length + 1),
      0,
      plain(random.pick([10, 12, 21, 40, 60]), Buffer.from('PGP')),
    ),
  (random, packets) =>
    packets.toSpliced(random.below(packets.length + 1), 0, plain(random.pick(tags), Buffer.alloc(0))),
  (random, packets) => [compressed(random, packets)],
  (random, packets) => {
    const from = at(random, packets);
    return [...packets.slice(0, from), compressed(random, packets.slice(from))];
  },
];

export const mutatedPackets = (random: Random, bytes: Buffer, other: Buffer): Buffer =>
  bytesOf(mutated<Packets>(random, packetsOf(bytes), packetsOf(other), packetMutations));

/** Whether there is a packet of a type that may be passed over, also within compressed data (RFC 9580, section 4.3). */
export const hasPassableType = (bytes: Buffer): boolean =>
  packetsOf(bytes).some(
    ({ tag, body }) => (tag >= 40 && tag < 64) || (tag === 8 && hasPassableType(unpacked(body))),
  );

function unpacked(body: Buffer): Buffer {
  const unpack = { 1: inflateRawSync, 2: inflateSync }[body[0] ?? 0];
  try {
    return unpack?.(body.subarray(1), { maxOutputLength: 4 * maxBytes }) ?? body.subarray(1);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The packets, compressed. */
export const compressedPackets = (random: Random, bytes: Buffer): Buffer =>
  bytesOf([compressed(random, packetsOf(bytes))]);
