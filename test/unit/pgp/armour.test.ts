import { randomBytes } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { isArmoured, removeArmour } from '../../../shared/pgp/armour.ts';
import { armor, enums } from '../../../shared/pgp/library.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const data = randomBytes(1000);
const armoured = (kind: Parameters<typeof armor>[0] = enums.armor.message): string =>
  armor(kind, data, undefined, undefined, undefined, true, pgpConfig);
const malformed = expect.objectContaining({ code: 'PGP_MALFORMED' });

describe('armour', () => {
  test.each([
    ['as it is', armoured()],
    ['with LF only', armoured().replaceAll('\r', '')],
    ['with headers', armoured().replace('-----\n', '-----\nVersion: 1\nComment: two words\n')],
    ['with space around it', `\n  ${armoured()}\n\n`],
    ['without checksum', armoured().replace(/\n=....\n/, '\n')],
  ])('is removed: %s', (_, text) => {
    expect(isArmoured(bytes(text))).toBe(true);
    expect(Buffer.from(removeArmour(bytes(text)))).toEqual(data);
  });

  test.each([
    ['no footer', armoured().slice(0, 900)],
    ['a footer cut short', armoured().trimEnd().slice(0, -1)],
    ['a wrong checksum', armoured().replace(/\n=.{4}/, '\n=AAAA')],
    ['a lost line, which the checksum tells', armoured().replace(/\n[^\n]{60,76}\n/, '\n')],
    ['no blank line', armoured().replace('\n\n', '\n')],
    ['a character that is not base64', armoured().replace('\n\n', '\n\n*')],
    ['text after it', `${armoured()}more`],
    ['a second message', armoured() + armoured()],
  ])('P04 P19 %s is refused', (_, text) => {
    expect(() => removeArmour(bytes(text))).toThrow(malformed);
  });

  test.each([
    ['a public key', armoured(enums.armor.publicKey)],
    ['a detached signature', armoured(enums.armor.signature)],
    ['a clear-signed text', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n'],
  ])('P05 %s is not an encrypted message', (_, text) => {
    expect(() => removeArmour(bytes(text))).toThrow(expect.objectContaining({ code: 'NOT_ENCRYPTED' }));
  });

  test('a file that only mentions armour is not armoured', () => {
    expect(isArmoured(bytes(`see ${armoured()}`))).toBe(false);
    expect(isArmoured(new Uint8Array())).toBe(false);
  });
});
