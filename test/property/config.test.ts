import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';

import { checkConfig } from '../../shared/runtime/config-check.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { nearest } from '../../shared/runtime/nearest.ts';

const groups = Object.keys(configSchema.shape);
const key = fc.oneof(
  fc.constantFrom(...groups, 'a', 'account', 'inbox', 'shipTo', 'format', 'schedule'),
  fc.string(),
);
const { anything } = fc.letrec((tie) => ({
  anything: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc.dictionary(key, tie('anything')),
    fc.array(tie('anything')),
  ),
  leaf: fc.oneof(
    fc.constantFrom(null, true, 'apple', '0000071234', 'none'),
    fc.integer(),
    fc.double(),
    fc.string(),
  ),
}));

describe('configuration', () => {
  test('whatever is written, checking ends in a configuration or in findings', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.dictionary(fc.constantFrom(...groups), anything)), (written) => {
        const checked = checkConfig(written);
        if ('config' in checked) expect(checkConfig(checked.config)).toEqual(checked);
        else expect(checked.findings.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('whatever the text, reading it ends in a value or in mistakes', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '&x',
      '*x',
      '{',
      '}',
      '[',
      ']',
      '"',
      '!',
      '%',
      '|',
      '\t',
      '? ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (text) => {
        expect(readYaml(text.join(''))).toHaveProperty('value');
      }),
      { numRuns: 5000 },
    );
  });

  test('every finding has the line of its setting', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.constantFrom(...groups), (blank, group) => {
        const text = `${'\n'.repeat(blank)}${stringify({ [group]: { unheardOf: 1 } })}`;
        const document = readYaml(text);
        const checked = checkConfig(document.value);
        const [finding] = 'config' in checked ? [] : checked.findings;
        expect(document.positionOf(finding?.path ?? []).line).toBe(blank + 2);
      }),
    );
  });

  test('nearest finds a word again after a letter behind its first was changed, left out or doubled', () => {
    const words = ['quietSeconds', 'ignore', 'maxFileMegabytes', 'encryption', 'signature', 'signedBy'];
    fc.assert(
      fc.property(
        fc.constantFrom(...words),
        fc.nat(),
        fc.constantFrom('', 'x', 'xy'),
        (word, at, instead) => {
          const index = 1 + (at % (word.length - 1));
          expect(nearest(word.slice(0, index) + instead + word.slice(index + 1), words)).toBe(word);
        },
      ),
    );
  });
});
