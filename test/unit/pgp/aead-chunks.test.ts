import { expect, test } from '@jest/globals';

import { checkChunks } from '../../../shared/pgp/aead-chunks.ts';

const codeOf = (form: 'standard' | 'gnupg', start: number[], bytes: number): string => {
  try {
    checkChunks(form, start, bytes);
    return 'good';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** Version, cipher, mode, chunks of 64 bytes. */
const gcm = [2, 9, 3, 0];
const beforeChunks = 4 + 32;
const chunk = 64 + 16;
const tag = 16;

test.each([0, 1, 5])('P02 the last of %d whole chunks is there with all of its tag, or is not', (chunks) => {
  for (let last = 0; last < chunk; last++) {
    const expected = last < tag && (last > 0 || chunks === 0) ? 'PGP_INTEGRITY' : 'good';
    const bytes = beforeChunks + chunks * chunk + last + tag;
    expect(`${last}: ${codeOf('standard', gcm, bytes)}`).toBe(`${last}: ${expected}`);
  }
});

test.each([
  ['EAX', 1, 16],
  ['OCB', 2, 15],
  ['GCM', 3, 12],
])('P02 the form of GnuPG has a nonce where the standard has a salt: %s', (_, mode, nonceBytes) => {
  const whole = 4 + nonceBytes + chunk + tag;
  expect(codeOf('gnupg', [1, 9, mode, 0], whole)).toBe('good');
  for (let cut = 1; cut < tag; cut++) {
    const lastChunk = codeOf('gnupg', [1, 9, mode, 0], whole + cut);
    expect(lastChunk).toBe('PGP_INTEGRITY');
  }
});

test('P02 less than two tags is no message', () => {
  expect(codeOf('standard', gcm, beforeChunks + tag)).toBe('PGP_INTEGRITY');
  expect(codeOf('standard', gcm, 4)).toBe('PGP_INTEGRITY');
});

test('P16 a chunk has to fit in memory', () => {
  expect(codeOf('standard', [2, 9, 3, 16], 10_000)).toBe('good');
  expect(codeOf('standard', [2, 9, 3, 17], 10_000)).toBe('PGP_MALFORMED');
  expect(codeOf('gnupg', [1, 9, 2, 56], 10_000)).toBe('PGP_MALFORMED');
});
