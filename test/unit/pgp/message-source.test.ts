import { expect, test } from '@jest/globals';

import { binaryForm, Reading } from '../../../shared/pgp/message-source.ts';
import { armourOf, collect, inPieces } from '../../support/pgp.ts';

const bytes = Buffer.from('not armour, '.repeat(100));
const header = Buffer.from('-----BEGIN PGP MESSAGE-----\n\n');

test.each([1, 27, 255, 256, 257, 5000])(
  'armour is told by the beginning alone: pieces of %d bytes',
  async (size) => {
    const armoured = Buffer.from(`\n  ${armourOf(bytes)}`);
    expect(Buffer.from(await collect(binaryForm(inPieces(armoured, size))))).toEqual(bytes);
    // A piece that looks like the beginning of armour, further on.
    const mentioned = Buffer.concat([bytes.subarray(0, size * Math.ceil(256 / size)), header, bytes]);
    expect(Buffer.from(await collect(binaryForm(inPieces(mentioned, size))))).toEqual(mentioned);
  },
);

test('nothing is nothing', async () => {
  expect(await collect(binaryForm(inPieces(new Uint8Array(), 10)))).toHaveLength(0);
});

test('the library gets no empty piece, which it would take for the end', async () => {
  const pieces = [new Uint8Array(), bytes, new Uint8Array(), header, new Uint8Array()];
  const { stream } = new Reading(
    (async function* () {
      for (const piece of pieces) yield await Promise.resolve(piece);
    })(),
  );
  const lengths: number[] = [];
  for await (const { length } of stream) lengths.push(length);
  expect(lengths).toEqual([bytes.length, header.length]);
});
