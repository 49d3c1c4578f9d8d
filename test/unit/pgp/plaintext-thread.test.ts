import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { decryptSessionKeys, readMessage } from '../../../shared/pgp/library.ts';
import type { MessageSource } from '../../../shared/pgp/message-source.ts';
import { keyThatFits, type DataKey } from '../../../shared/pgp/modification-code.ts';
import { verifyMessage } from '../../../shared/pgp/open-stream.ts';
import { PieceReader, PieceWriter } from '../../../shared/pgp/piece-channel.ts';
import { plaintextInThread, type PlaintextTask } from '../../../shared/pgp/plaintext-thread.ts';
import { encryptedData } from '../../../shared/pgp/plaintext.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { Fault, toFault } from '../../../shared/runtime/faults.ts';
import {
  armourOf,
  changePacket,
  collect,
  encryptBytes,
  inPieces,
  makeKey,
  ringOf,
} from '../../support/pgp.ts';

/** The content of a large message, decrypted in a thread of its own: the same as without, whatever happens. */

const pieceBytes = 10_000;
const content = Buffer.from(
  Array.from({ length: 60_000 }, (_, line) => `{"serialNumber":"S${line}"}\n`).join(''),
);

let us: PrivateKey;
let warehouse: PrivateKey;
let message: Uint8Array;
let dataKey: DataKey;

beforeAll(async () => {
  [us, warehouse] = await Promise.all([makeKey(), makeKey()]);
  message = await encryptBytes(content, { encryptionKeys: us, signingKeys: warehouse });
  dataKey = await dataKeyOf(message);
});

async function dataKeyOf(binaryMessage: Uint8Array): Promise<DataKey> {
  const found = await decryptSessionKeys({
    message: await readMessage({ binaryMessage, config: pgpConfig }),
    decryptionKeys: us,
    config: pgpConfig,
  });
  const keys = found.flatMap(({ data, algorithm }) => (algorithm ? [{ data, algorithm }] : []));
  return keyThatFits(encryptedData(inPieces(binaryMessage, pieceBytes)), keys);
}

const open = (source: MessageSource, own: Partial<PlaintextTask> = {}) =>
  plaintextInThread(source, { dataKey, date: new Date(), maxPlaintextBytes: 10_000_000, ...own });

/** Counts what is read of some bytes, and tells when that was ended. */
function watch(bytes: Uint8Array): { source: MessageSource; pieces: number; open: boolean } {
  const watched = { source, pieces: 0, open: false };
  async function* source(): AsyncGenerator<Uint8Array> {
    watched.open = true;
    try {
      for await (const piece of inPieces(bytes, pieceBytes)()) {
        watched.pieces++;
        yield piece;
      }
    } finally {
      watched.open = false;
    }
  }
  return watched;
}

const alteredAt = (bytes: Uint8Array, at: number): Uint8Array =>
  changePacket(bytes, 18, (body) => body.with(at, (body.at(at) ?? 0) ^ 1));

describe('a message', () => {
  test('gives its content, in armour too, and what the source gave is not taken from it', async () => {
    const copy = Uint8Array.from(message);
    for (const bytes of [message, Buffer.from(armourOf(message))]) {
      const watched = watch(bytes);
      expect(Buffer.from(await collect(open(watched.source))).equals(content)).toBe(true);
      expect(watched.open).toBe(false);
    }
    expect(Buffer.from(message).equals(copy)).toBe(true);
  });

  test('R07: is read a few pieces ahead only, and let go of when it is left half read', async () => {
    // Each portion of the content is of about 26 such pieces.
    const large = Buffer.alloc(8_000_000, content);
    const sealed = await encryptBytes(large, { encryptionKeys: us, signingKeys: warehouse });
    const watched = watch(sealed);
    const taking = open(watched.source, { dataKey: await dataKeyOf(sealed) });
    await taking.next();
    // Whoever would read ahead has had the time: until nothing moves any more.
    for (let before = -1; before !== watched.pieces;) {
      before = watched.pieces;
      for (let turn = 0; turn < 5000; turn++) await setImmediate();
    }
    const ahead = { open: watched.open, pieces: watched.pieces };
    await taking.return();
    expect(ahead.open).toBe(true);
    expect(ahead.pieces).toBeLessThan(400);
    expect(watched.open).toBe(false);
  });

  test('P01: of other bytes than were verified ends with a fault, not with the end of the content', async () => {
    const watched = watch(alteredAt(message, -100_000));
    await expect(collect(open(watched.source))).rejects.toMatchObject({
      name: 'Fault',
      code: 'PGP_INTEGRITY',
      detail: 'the encrypted data was altered or cut',
    });
    expect(watched.open).toBe(false);
    const cut = inPieces(message.subarray(0, -1), pieceBytes);
    await expect(collect(open(cut))).rejects.toMatchObject({ code: 'PGP_INTEGRITY' });
  });

  test('P01: of other bytes, whose source says so at their end, ends with that', async () => {
    const failure = new Fault('CHANGED_AFTER_CLAIM', 'other bytes');
    // In the first piece, so that the packets cannot be read at all, and in the signature behind the content.
    for (const at of [20, -100]) {
      const other = async function* () {
        yield* inPieces(alteredAt(message, at), pieceBytes)();
        throw failure;
      };
      await expect(collect(open(other))).rejects.toBe(failure);
    }
  });

  test('P16: the limit holds', async () => {
    const limited = open(inPieces(message, pieceBytes), { maxPlaintextBytes: 1_000_000 });
    await expect(collect(limited)).rejects.toMatchObject({ code: 'PGP_BOMB' });
  });

  test.each([0, 50, Infinity])(
    'what the source throws behind piece %d comes out as it is, and the content has no end',
    async (pieces) => {
      const failure = new Fault('CHANGED_AFTER_CLAIM', 'other bytes');
      async function* failing(): AsyncGenerator<Uint8Array> {
        let given = 0;
        for await (const piece of inPieces(message, pieceBytes)()) if (given++ < pieces) yield piece;
        throw failure;
      }
      await expect(collect(open(failing))).rejects.toBe(failure);
    },
  );

  test('a thread that dies is a bug, and the source is let go of', async () => {
    const watched = watch(message);
    const dying = open(watched.source, { dataKey: { ...dataKey, cipher: 'no such cipher' } });
    const thrown: unknown = await collect(dying).catch((error: unknown) => error);
    expect(toFault(thrown)).toMatchObject({ code: 'BUG', class: 'bug' });
    expect(watched.open).toBe(false);
  });

  test('that is large is read in such a thread when it was verified', async () => {
    const large = Buffer.alloc(33_000_000, content);
    const sealed = await encryptBytes(large, { encryptionKeys: us, signingKeys: warehouse });
    const ring = ringOf([us], { warehouse: [warehouse.toPublic()] });
    const policy = {
      signature: 'required',
      signedBy: ['warehouse'],
      maxPlaintextBytes: 100_000_000,
    } as const;
    const verified = await verifyMessage(inPieces(sealed, 100_000), ring, policy);
    const pieces: Uint8Array[] = [];
    for await (const piece of verified.content()) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(large)).toBe(true);
    // Without one it comes in the pieces of the library.
    expect(pieces[0]?.length).toBe(256 * 1024);
  }, 60_000);
});

describe('pieces between threads', () => {
  const channel = new MessageChannel();
  const reader = new PieceReader(channel.port1);
  const writer = new PieceWriter(channel.port2);
  afterAll(() => channel.port1.close());

  test('are not written to nobody for ever', async () => {
    const write = () => writer.write(Uint8Array.of(1));
    for (let piece = 0; piece < 4; piece++) await write();
    const waiting = write();
    reader.fail(new Error('gone'));
    await expect(collect(reader.pieces())).rejects.toThrow('gone');
    channel.port1.close();
    await expect(waiting).rejects.toThrow('nobody reads');
    await expect(write()).rejects.toThrow('nobody reads');
  });
});
