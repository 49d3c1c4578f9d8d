import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { checkConfig } from '../../../shared/runtime/config-check.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { configAsYaml, configSchemaText } from '../../../shared/runtime/config-text.ts';

describe('configAsYaml', () => {
  test('the defaults have no notes', () => {
    const text = configAsYaml(configSchema.parse({}));
    expect(parse(text)).toEqual(configSchema.parse({}));
    expect(text).not.toContain('#');
  });

  test('what differs from its default says so', () => {
    const config = configSchema.parse({
      retry: { maxAttempts: 7 },
      inboxes: { inboundSalesOrderDispatch: { signedBy: ['depot'] } },
      providers: {
        a: {
          format: 'apple',
          account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
          inbox: { encryption: 'none' },
        },
      },
    });
    const text = configAsYaml(config);
    expect(configSchema.parse(parse(text))).toEqual(config);
    // Also where a signature policy would be a mistake.
    expect(checkConfig(parse(text))).not.toHaveProperty('findings');
    expect(text).toContain('  # default: 20\n  maxAttempts: 7\n');
    expect(text).toContain('    # default: ["warehouse"]\n    signedBy:\n');
    expect(text.match(/#/g)).toHaveLength(2);
  });
});

describe('configSchemaText', () => {
  test('is JSON Schema of draft 2020-12 in which nothing is required of a file', () => {
    const schema = JSON.parse(configSchemaText()) as Record<string, unknown>;
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      properties: { store: { properties: { url: { default: 'sqlite:var/enrol.db' } } } },
    });
    expect(schema).not.toHaveProperty('required');
  });
});
