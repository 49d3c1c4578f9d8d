import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Fault } from '../../../shared/runtime/faults.ts';
import { checkManifest, checkRecords, parseManifest } from '../../../shared/spool/manifest.ts';

const digest = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
const mismatch = { code: 'MANIFEST_MISMATCH', class: 'permanent' };

function refusal(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error('it was not refused');
}

describe('A07: what a companion says', () => {
  test.each([
    ['nothing: a mere marker', '', {}],
    ['blanks and line ends', ' \r\n\n', {}],
    ['a line of sha256sum', `${digest}  x.pgp\n`, { sha256: digest }],
    ['of a binary file', `${digest} *x.pgp`, { sha256: digest }],
    ['with Windows’ line end', `${digest}  x.pgp\r\n`, { sha256: digest }],
    ['without a name', digest, { sha256: digest }],
    ['in capitals', digest.toUpperCase(), { sha256: digest }],
    ['about several files', `${other}  y.pgp\n${digest}  x.pgp\n`, { sha256: digest }],
    ['JSON', `{"size": 3, "sha256": "${digest}", "records": 2}`, { size: 3, sha256: digest, records: 2 }],
    ['JSON with one of them', '{"records": 0}', { records: 0 }],
    ['JSON with more than we know', '{"size": 3, "date": "2026-01-01"}', { size: 3 }],
  ])('%s', (_, text, said) => {
    expect(parseManifest(text, 'x.pgp')).toEqual(said);
  });

  test.each([
    ['no text', null],
    ['some other text', 'sent by FTP'],
    ['the digest of another method', `${'ab'.repeat(16)}  x.pgp`],
    ['only another file', `${digest}  y.pgp`],
    ['a name in a folder', `${digest}  ./x.pgp`],
    ['half a line', `${digest}  x.pgp\n${digest.slice(1)}`],
    ['broken JSON', '{"size": 3'],
    ['JSON that says nothing of ours', '{"sha-256": "ab"}'],
    ['a list', '[]'],
    ['a size in text', '{"size": "3"}'],
    ['half a byte', '{"size": 2.5}'],
    ['less than nothing', '{"records": -1}'],
    ['a size beyond counting', '{"size": 1e300}'],
    ['a digest that is none', '{"sha256": "ab"}'],
    ['null', '{"size": null}'],
  ])('%s is no manifest', (_, text) => {
    expect(refusal(() => parseManifest(text, 'x.pgp'))).toMatchObject(mismatch);
  });

  test('whatever stands in it is read or refused, and never quoted', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseManifest(`${text}SECRET`, 'x');
        } catch (error) {
          expect(error).toMatchObject(mismatch);
          expect((error as Error).message).not.toContain('SECRET');
        }
      }),
    );
  });
});

describe('A07: what came is compared with', () => {
  const received = { size: 3, digest };

  test('size and digest, each where it was said', () => {
    for (const said of [{}, { size: 3 }, { sha256: digest }, { size: 3, sha256: digest, records: 9 }])
      expect(() => checkManifest(said, received)).not.toThrow();
    expect(refusal(() => checkManifest({ size: 4 }, received))).toMatchObject({
      ...mismatch,
      detail: 'the manifest says 4 bytes, the file has 3',
    });
    expect(refusal(() => checkManifest({ size: 3, sha256: other }, received)).detail).toContain(other);
  });

  test('the number of records, where it was said and they were counted', () => {
    for (const [said, found] of [
      [undefined, 3],
      [3, undefined],
      [3, 3],
      [0, 0],
    ] as const)
      expect(() => checkRecords({ records: said }, found)).not.toThrow();
    expect(refusal(() => checkRecords({ records: 2 }, 3))).toMatchObject({
      ...mismatch,
      detail: 'the manifest says 2 record(s), the file has 3',
    });
    expect(refusal(() => checkRecords({ records: 0 }, 1))).toMatchObject(mismatch);
  });
});
