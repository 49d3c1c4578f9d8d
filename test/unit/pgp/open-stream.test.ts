import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import type { OpenPolicy } from '../../../shared/pgp/open.ts';
import { verifyMessage, type MessageSource } from '../../../shared/pgp/open-stream.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import {
  armourOf,
  changePacket,
  collect,
  encryptBytes,
  encryptPackets,
  encryptPacketsAead,
  inPieces,
  join,
  literal,
  makeKey,
  openBothWays,
  openStreamed,
  packet,
  ringOf,
} from '../../support/pgp.ts';

/*
 * What is special about opening a message as a stream. That it refuses and accepts the same as opening in memory is
 * tested with every message of open.test.ts.
 */

const pieceBytes = 10_000;
const content = Buffer.from(
  Array.from({ length: 60_000 }, (_, line) => `{"serialNumber":"S${line}"}\n`).join(''),
);
const policy: OpenPolicy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 10_000_000 };

let us: PrivateKey;
let usAead: PrivateKey;
let warehouse: PrivateKey;
/** By the protection of its data. */
const messages = new Map<string, Uint8Array>();
const message = (name: string): Uint8Array => messages.get(name) ?? content;
const protections = ['modification detection code', 'AEAD'];

beforeAll(async () => {
  [us, usAead, warehouse] = await Promise.all([
    makeKey(),
    makeKey({ config: { ...pgpConfig, aeadProtect: true } }),
    makeKey(),
  ]);
  // The library reads some chunks ahead, so they are small here.
  const config = { ...pgpConfig, aeadChunkSizeByte: 4 };
  const seal = (encryptionKeys: PrivateKey) =>
    encryptBytes(content, { encryptionKeys, signingKeys: warehouse, config });
  messages.set('modification detection code', await seal(us));
  messages.set('AEAD', await seal(usAead));
});

const ring = () => ringOf([us, usAead], { warehouse: [warehouse.toPublic()] });
const verify = (source: MessageSource) => verifyMessage(source, ring(), policy);

/** Counts what is read, and whether every reading was ended. */
class WatchedSource {
  readonly source: MessageSource;
  readings = 0;
  open = 0;
  pieces = 0;

  constructor(bytes: Uint8Array, onPiece: (reading: number) => void = () => undefined) {
    const pieces = inPieces(bytes, pieceBytes);
    const watch = async function* (watched: WatchedSource): AsyncGenerator<Uint8Array> {
      const reading = ++watched.readings;
      watched.open++;
      try {
        for await (const piece of pieces()) {
          onPiece(reading);
          watched.pieces++;
          yield piece;
        }
      } finally {
        watched.open--;
      }
    };
    this.source = () => watch(this);
  }
}

describe.each(protections)('a message with %s', (protection) => {
  test('gives its content as often as it is asked for', async () => {
    const { content: give, ...verified } = await verify(inPieces(message(protection), pieceBytes));
    expect(verified).toMatchObject({ signer: { party: 'warehouse' }, retiredKey: protection === 'AEAD' });
    for (let time = 0; time < 2; time++)
      expect(Buffer.from(await collect(give())).equals(content)).toBe(true);
  });

  test('may be in armour', async () => {
    const opened = await openStreamed(Buffer.from(armourOf(message(protection))), ring(), policy);
    expect(Buffer.from(opened.bytes).equals(content)).toBe(true);
  });

  test('is read no further than its content is taken', async () => {
    const watched = new WatchedSource(message(protection));
    const { content: give } = await verify(watched.source);
    watched.pieces = 0;
    const taking = give()[Symbol.asyncIterator]();
    await taking.next();
    // Whoever would read ahead has had the time.
    for (let turn = 0; turn < 1000; turn++) await setImmediate();
    expect(watched.pieces).toBeLessThan(message(protection).length / pieceBytes / 2);
    await taking.return?.();
    expect(watched.open).toBe(0);
  });

  test('lets go of its source when it was verified, read, or left half read', async () => {
    const watched = new WatchedSource(message(protection));
    const { content: give } = await verify(watched.source);
    expect(watched.open).toBe(0);
    await collect(give());
    expect(watched.open).toBe(0);
    const taking = give()[Symbol.asyncIterator]();
    await taking.next();
    await taking.return?.();
    expect(watched.open).toBe(0);
  });

  test('lets go of its source when it is refused', async () => {
    const bytes = message(protection);
    const watched = new WatchedSource(bytes.with(-30, (bytes.at(-30) ?? 0) ^ 1));
    await expect(verify(watched.source)).rejects.toMatchObject({ code: 'PGP_INTEGRITY' });
    expect(watched.open).toBe(0);
    expect(watched.readings).toBeGreaterThan(1);
  });

  test('what the source throws comes out as it is, from every reading', async () => {
    const failure = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    const whole = new WatchedSource(message(protection));
    await verify(whole.source);
    expect(whole.readings).toBeGreaterThan(2);
    for (let failing = 1; failing <= whole.readings; failing++) {
      const watched = new WatchedSource(message(protection), (reading) => {
        if (reading === failing) throw failure;
      });
      await expect(verify(watched.source)).rejects.toBe(failure);
      expect(watched.open).toBe(0);
    }
    const later = new WatchedSource(message(protection), (reading) => {
      if (reading > whole.readings) throw failure;
    });
    const verified = await verify(later.source);
    await expect(collect(verified.content())).rejects.toBe(failure);
  });

  test('P01 a source that gives other bytes later ends with a fault, not with the end of the content', async () => {
    let bytes = message(protection);
    const { content: give } = await verify(() => inPieces(bytes, pieceBytes)());
    bytes = changePacket(bytes, 18, (body) => body.with(-100, (body.at(-100) ?? 0) ^ 1));
    await expect(collect(give())).rejects.toMatchObject({ code: 'PGP_INTEGRITY' });
    bytes = message(protection).subarray(0, -1);
    await expect(collect(give())).rejects.toMatchObject({ class: 'permanent' });
  });
});

describe('a compressed message', () => {
  const line = 'content ';
  const lines = 50_000;
  const packed: readonly [name: string, body: () => Uint8Array][] = [
    ['zip', () => join(Uint8Array.of(1), deflateRawSync(literal(line.repeat(lines))))],
    // The same literal packet, packed with bzip2 -9.
    [
      'bzip2',
      () =>
        join(
          Uint8Array.of(3),
          Buffer.from(
            'QlpoOTFBWSZTWQKNFiIDDUVxxOEAABBAABoBhAABAAAIAACgAGgUqQ0AApVBoDRnF9ht4ElBe781RKC1CSgvAkoLISUF6ElBZBJQWePvxdyRThQkAKNFiIA=',
            'base64',
          ),
        ),
    ],
  ];

  test.each(packed)('is read, or left half read: %s', async (_, body) => {
    const sealed = await encryptPackets(packet(8, body()), us);
    expect(sealed.length).toBeLessThan(2000);
    const watched = new WatchedSource(sealed);
    const unsigned: OpenPolicy = { ...policy, signature: 'optional' };
    const { content: give } = await verifyMessage(watched.source, ring(), unsigned);
    expect(Buffer.from(await collect(give())).toString()).toBe(line.repeat(lines));
    const taking = give()[Symbol.asyncIterator]();
    await taking.next();
    await taking.return?.();
    expect(watched.open).toBe(0);
  });

  test('that is damaged far behind its data is refused, and does not wait for ever', async () => {
    const body = packed.find(([name]) => name === 'bzip2')?.[1]() ?? content;
    // So much that the library has not read all of it when it finds out.
    const damaged = packet(8, join(body, randomBytes(3_000_000)));
    for (const sealed of [
      await encryptPackets(damaged, us),
      await encryptPacketsAead(damaged, { encryptionKeys: usAead }),
    ]) {
      const unsigned: OpenPolicy = { ...policy, signature: 'optional' };
      await expect(openBothWays(sealed, ring(), unsigned)).rejects.toMatchObject({ code: 'PGP_MALFORMED' });
    }
  });

  test.each([10, 100_000, 3_000_000])('may end with padding, as of Sequoia: %d bytes', async (length) => {
    const sealed = await encryptPackets(
      packet(8, join(Uint8Array.of(1), deflateRawSync(literal('content')), Buffer.alloc(length, 7))),
      us,
    );
    const opened = await openBothWays(sealed, ring(), { ...policy, signature: 'optional' });
    expect(Buffer.from(opened.bytes).toString()).toBe('content');
  });
});

test('P16 the limit holds in the second reading too', async () => {
  const small = await encryptPacketsAead(literal('small'), { encryptionKeys: usAead });
  const large = await encryptPacketsAead(literal('0'.repeat(200_000)), { encryptionKeys: usAead });
  let bytes = small;
  const limited: OpenPolicy = { signature: 'optional', signedBy: [], maxPlaintextBytes: 1000 };
  const { content: give } = await verifyMessage(() => inPieces(bytes, pieceBytes)(), ring(), limited);
  expect(Buffer.from(await collect(give())).toString()).toBe('small');
  bytes = large;
  await expect(collect(give())).rejects.toMatchObject({ code: 'PGP_BOMB' });
});
