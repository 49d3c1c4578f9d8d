import { randomBytes } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { ArmourRemover, isArmoured, removeArmour } from '../../../shared/pgp/armour.ts';
import { armor, enums } from '../../../shared/pgp/library.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const data = randomBytes(200);
const armourOf = (of: Uint8Array, kind = enums.armor.message): string =>
  armor(kind, of, undefined, undefined, undefined, true, pgpConfig);
const withoutChecksum = (text: string): string => text.replace(/\n=....\n/, '\n');
const armoured = armourOf(data);
const bare = withoutChecksum(armoured);
/** The same in pieces: cut at one place, or after every so many bytes. */
function removeInPieces(text: Uint8Array, cuts: readonly number[]): Buffer {
  const armour = new ArmourRemover();
  const pieces = [0, ...cuts].map((start, index) => armour.push(text.subarray(start, cuts[index])));
  return Buffer.concat([...pieces, armour.end()]);
}
/** In a long text not quite every one. */
const everyPlace = (text: Uint8Array): number[] =>
  [...text.keys()].slice(1).filter((place) => place % Math.ceil(text.length / 1000) === 0);
const malformed = expect.objectContaining({ code: 'PGP_MALFORMED' });

describe('armour', () => {
  test.each([
    ['as it is', (text: string) => text],
    ['with LF only', (text: string) => text.replaceAll('\r', '')],
    ['with headers', (text: string) => text.replace('-----\n', '-----\nVersion: 1\nComment: two words\n')],
    ['with space around it', (text: string) => `\n  ${text}\n\n`],
    ['without checksum', withoutChecksum],
  ])('is removed, wherever the text is cut into pieces: %s', (_, variant) => {
    // Base64 of 200 bytes ends with padding, of 201 bytes without.
    for (const content of [data, randomBytes(201)]) {
      const text = bytes(variant(armourOf(content)));
      expect(isArmoured(text)).toBe(true);
      expect(Buffer.from(removeArmour(text))).toEqual(content);
      const places = everyPlace(text);
      for (const place of places) expect(removeInPieces(text, [place]).equals(content)).toBe(true);
      expect(removeInPieces(text, places).equals(content)).toBe(true);
    }
  });

  test.each([
    ['no footer', armoured.slice(0, -40)],
    ['a footer cut short', armoured.trimEnd().slice(0, -1)],
    ['a wrong checksum', armoured.replace(/\n=.{4}/, '\n=AAAA')],
    ['a lost line, which the checksum tells', armoured.replace(/\n[^\n]{60,76}\n/, '\n')],
    ['no blank line', armoured.replace('\n\n', '\n')],
    ['a character that is not base64', bare.replace('\n\n', '\n\n*')],
    ['characters of another base64', bare.replace('\n\n', '\n\n____')],
    ['text after it', `${armoured}more`],
    ['text far after it', `${armoured}${' '.repeat(3000)}more`],
    ['padding in the middle', bare.replace('\n\n', '\n\nAAA=')],
    ['half a group at the end', bare.replace(/=*\n-----E/, '\n-----E')],
    ['too much padding', bare.replace(/=\n-----E/, '=====\n-----E')],
    ['no body', '-----BEGIN PGP MESSAGE-----\nComment: x\n'],
    ['headers without end', `-----BEGIN PGP MESSAGE-----\n${'Comment: x\n'.repeat(400)}\n`],
    ['an end without end', armoured.replace(/\n=/, `${'\n'.repeat(5000)}\n=`)],
    ['a second message', armoured + armoured],
  ])('P04 P19 %s is refused', (_, text) => {
    expect(() => removeArmour(bytes(text))).toThrow(malformed);
    const places = everyPlace(bytes(text));
    for (const place of places) expect(() => removeInPieces(bytes(text), [place])).toThrow(malformed);
    expect(() => removeInPieces(bytes(text), places)).toThrow(malformed);
  });

  test.each([
    ['a public key', armourOf(data, enums.armor.publicKey)],
    ['a detached signature', armourOf(data, enums.armor.signature)],
    ['a clear-signed text', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n'],
  ])('P05 %s is not an encrypted message', (_, text) => {
    expect(() => removeArmour(bytes(text))).toThrow(expect.objectContaining({ code: 'NOT_ENCRYPTED' }));
  });

  test('P19 what follows it is refused as soon as it is seen', () => {
    const armour = new ArmourRemover();
    armour.push(bytes(armoured));
    expect(() => armour.push(bytes('more'))).toThrow(malformed);
  });

  test('a file that only mentions armour is not armoured', () => {
    expect(isArmoured(bytes(`see ${armoured}`))).toBe(false);
    expect(isArmoured(new Uint8Array())).toBe(false);
  });
});
