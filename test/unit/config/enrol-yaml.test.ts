import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { checkConfig } from '../../../shared/runtime/config-check.ts';
import { readYaml } from '../../../shared/runtime/config-document.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';

type Schema = z.core.JSONSchema.BaseSchema;

const shipped = readFileSync(new URL('../../../config/enrol.yaml', import.meta.url), 'utf8');
/** What an operator does to try the example, as the file tells him. */
const withExample = shipped
  .replace('providers: {}', 'providers:')
  .split('\n')
  .map((line) => line.replace(/^#(?= {2})/, ''))
  .join('\n');

/** Every setting of the schema with its description; the provider's settings under the name of the example. */
function settings(
  schema: Schema,
  path: string[] = [],
): { path: string[]; description: string | undefined }[] {
  const byId = typeof schema.additionalProperties === 'object' ? { 'apple-de': ofApple(schema) } : {};
  return Object.entries({ ...schema.properties, ...byId }).flatMap(([key, value]) => {
    if (typeof value !== 'object') return [];
    const here = [...path, key];
    return [{ path: here, description: value.description }, ...settings(value, here)];
  });
}

/** The example is one of Apple's; what other formats have of their own stands in config/samples/providers. */
function ofApple({ additionalProperties }: Schema): Schema {
  const providers = additionalProperties as Schema;
  const forms = providers.oneOf ?? [];
  const apple = forms.find(({ properties }) => (properties?.format as Schema).const === 'apple');
  if (!apple) throw new Error('the schema has no format apple');
  return apple;
}

const all = settings(z.toJSONSchema(configSchema, { io: 'input' }));

describe('config/enrol.yaml', () => {
  test('holds exactly the defaults', () => {
    expect(readYaml(shipped).mistakes).toEqual([]);
    expect(readYaml(shipped).value).toEqual(configSchema.parse({}));
  });

  test('the example, once uncommented, is valid and complete', () => {
    const document = readYaml(withExample);
    const checked = checkConfig(document.value);
    expect(document.mistakes).toEqual([]);
    expect(checked).toHaveProperty('config');
    expect('config' in checked && checked.config).toEqual(document.value);
    expect('config' in checked && Object.keys(checked.config.providers)).toEqual(['apple-de']);
  });

  test('the schema has been walked down to its leaves', () => {
    const paths = all.map(({ path }) => path.join('.'));
    expect(paths).toEqual(
      expect.arrayContaining([
        'log.level',
        'inboxes.outboundDeviceEnrolment.ignore',
        'providers.apple-de.poll.everySeconds',
      ]),
    );
  });

  test.each(all.map((setting) => ({ ...setting, name: setting.path.join('.') })))(
    '$name stands there, under its explanation',
    ({ path, description }) => {
      const { line } = readYaml(withExample).positionOf(path);
      const lines = withExample.split('\n');
      expect(lines[line - 1]?.trim()).toMatch(new RegExp(`^${path.at(-1)}:`));
      const comment = lines[line - 2]?.trim();
      if (path.join('.') === 'providers.apple-de') expect(comment).toMatch(/^# ./);
      else expect(comment).toBe(`# ${description}`);
    },
  );
});
