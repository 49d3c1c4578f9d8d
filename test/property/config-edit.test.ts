import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';

import { readYaml } from '../../shared/runtime/config-document.ts';
import { editConfig } from '../../shared/runtime/config-edit.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { allSettings, settingsOf, valueAt, type Setting } from '../../shared/runtime/setting-schema.ts';
import { readSettingValue, settingText } from '../../shared/runtime/setting-value.ts';

const shipped = readFileSync(new URL('../../config/enrol.yaml', import.meta.url), 'utf8');
/** A provider in it, as an operator adds one. */
const withProvider = shipped
  .replace('providers: {}', 'providers:')
  .split('\n')
  .map((line) => line.replace(/^#(?= {2})/, ''))
  .join('\n');

const settings = allSettings(settingsOf(readYaml(withProvider).value)).filter(
  ({ kind }) => kind !== 'structure',
);

/** A line of text with all that is special in YAML. */
const word = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'true',
    '0x1F',
    '1e3',
    '~',
    'null',
    "it's",
    '# no',
    'a: b',
    '- x',
    '[a',
    '{a',
    '*x',
    '&x',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text)),
);

function valueOf(setting: Setting): fc.Arbitrary<unknown> {
  switch (setting.kind) {
    case 'switch':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...setting.choices);
    case 'number':
      return fc.oneof(fc.nat(), fc.constantFrom(0.05, 0.2, 1.5));
    case 'list':
      return fc.array(word, { maxLength: 4 });
    case 'text':
    case 'structure':
      return word;
  }
}

const change = fc
  .constantFrom(...settings)
  .chain((setting) => fc.record({ setting: fc.constant(setting), value: valueOf(setting) }));

const edit = (text: string, { path }: Setting, value: unknown, explanations: string[] = []) =>
  editConfig(text, { path, value, explanations });

describe('a setting is changed in the text of the configuration', () => {
  test('and nothing else: every other line stays byte for byte', () => {
    fc.assert(
      fc.property(change, ({ setting, value }) => {
        const lines = withProvider.split('\n');
        const after = edit(withProvider, setting, value).split('\n');
        const { line } = readYaml(withProvider).positionOf(setting.path);
        expect(after.toSpliced(line - 1, 1)).toEqual(lines.toSpliced(line - 1, 1));
        expect(valueAt(readYaml(after.join('\n')).value, setting.path)).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  test('and taken out again: the text is as it was where it had not stood there', () => {
    fc.assert(
      fc.property(change, fc.boolean(), ({ setting, value }, crlf) => {
        const without = edit(withProvider, setting, undefined);
        const text = crlf ? without.replaceAll('\n', '\r\n') : without;
        expect(valueAt(readYaml(text).value, setting.path)).toBeUndefined();
        const explanations = setting.path.map((key) => `what ${key} is for`);
        const added = edit(text, setting, value, explanations);
        expect(added).toContain(`# what ${setting.path.at(-1) ?? ''} is for${crlf ? '\r\n' : '\n'}`);
        expect(edit(added, setting, undefined, explanations)).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  test('in files of every layout: the meaning of all others stays, and so do the comments', () => {
    const layout = fc.record({
      flow: fc.boolean(),
      indent: fc.constantFrom(1, 2, 4, 8),
      kept: fc.subarray(settings, { minLength: 1, maxLength: 12 }),
      crlf: fc.boolean(),
      end: fc.constantFrom('', '\n', '\n\n# the end', '\n...\n'),
    });
    fc.assert(
      fc.property(
        layout,
        change,
        fc.boolean(),
        ({ flow, indent, kept, crlf, end }, { setting, value }, remove) => {
          const written = kept.reduce<object>((all, each) => put(all, each.path, each.byDefault ?? 'x'), {});
          const plain = `# the beginning\n${stringify(written, { indent, collectionStyle: flow ? 'flow' : 'block' }).trimEnd()} # kept${end}`;
          const text = crlf ? plain.replaceAll('\n', '\r\n') : plain;
          const after = edit(text, setting, remove ? undefined : value);
          expect(after).toContain('# the beginning');
          const meant = readYaml(after);
          expect(meant.mistakes).toEqual([]);
          expect(valueAt(meant.value, setting.path)).toEqual(remove ? undefined : value);
          for (const { path } of kept.filter((each) => each !== setting)) {
            expect(valueAt(meant.value, path)).toEqual(valueAt(written, path));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('also in a file that is empty, or has comments only', () => {
    for (const text of ['', '\n', '# nothing yet', '# nothing yet\r\n']) {
      const [setting] = settings;
      if (!setting) throw new Error('there are no settings');
      const after = edit(text, setting, 'sqlite:x', ['the store', 'where it is']);
      expect(after.startsWith(text)).toBe(true);
      expect(readYaml(after).value).toEqual({ store: { url: 'sqlite:x' } });
      expect(edit(after, setting, undefined, ['the store', 'where it is']).trim()).toBe(text.trim());
    }
  });

  test.each([
    ['a mistake', 'retry: [\n'],
    ['a word where a group should be', 'retry: none\n'],
    ['an alias', 'log: &x { level: info }\nretry: *x\n'],
  ])('%s: refused', (_, text) => {
    const setting = settings.find(({ path }) => path.join('.') === 'retry.maxAttempts');
    if (!setting) throw new Error('there is no such setting');
    expect(() => edit(text, setting, 3)).toThrow(expect.objectContaining({ code: 'NOT_ALLOWED' }));
  });
});

test('a value written as one line is read as the same value', () => {
  fc.assert(
    fc.property(change, ({ setting, value }) => {
      if (Array.isArray(value) && value.length === 0) return;
      const text = settingText(value);
      if (
        setting.kind === 'choice' ||
        setting.kind === 'text' ||
        setting.kind === 'list' ||
        setting.kind === 'switch'
      ) {
        expect(readSettingValue(setting, text)).toEqual(value);
      }
    }),
    { numRuns: 500 },
  );
});

test('every setting of the schema is found with a description and a type', () => {
  const all = allSettings(settingsOf(configSchema.parse({})));
  expect(all.length).toBeGreaterThan(60);
  expect(all.filter(({ description, type }) => description === '' || type === '')).toEqual([]);
});

function put(group: object, path: readonly string[], value: unknown): object {
  const [key = '', ...deeper] = path;
  const inner = valueAt(group, [key]);
  const next = deeper.length === 0 ? value : put((inner as object | undefined) ?? {}, deeper, value);
  return { ...group, [key]: next };
}
