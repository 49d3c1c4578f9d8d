import { z } from 'zod';

import { resetModuleProperty, setModuleProperty } from '../../shared/operator/property-actions.ts';
import {
  moduleProperties,
  propertiesSet,
  readProperties,
  type PropertyName,
} from '../../shared/store/module-properties.ts';
import type { Db } from '../../shared/store/tables.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, line, time } from './fields.ts';

const property = answer('ModuleProperty', {
  name: z.string(),
  module: z.string(),
  value: z.string(),
  default: z.string(),
  description: z.string(),
  setBy: z.string().nullable().describe('Null: it has its default.'),
  setAt: time.nullable(),
});

const list = answer('ModulePropertyList', { items: z.array(property) });

async function properties(db: Db): Promise<z.input<typeof list>> {
  const values = await readProperties(db);
  const set = new Map((await propertiesSet(db)).map((row) => [row.name, row]));
  const names = Object.keys(moduleProperties) as PropertyName[];
  return {
    items: names.map((name) => ({
      name,
      module: moduleProperties[name].module,
      value: values[name],
      default: moduleProperties[name].fallback,
      description: moduleProperties[name].description,
      setBy: set.get(name)?.updated_by ?? null,
      setAt: set.get(name)?.updated_at ?? null,
    })),
  };
}

/** What CMP's people set while the system runs. */
export const propertyEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/module-properties',
    id: 'listModuleProperties',
    role: 'viewer',
    summary: 'Every module property with its value',
    response: list,
    run: ({ db }) => properties(db),
  }),
  change({
    method: 'PUT',
    path: '/module-properties/:property',
    id: 'setModuleProperty',
    role: 'administrator',
    summary: 'Set a module property',
    description: 'The answer has all of them.',
    params: { property: line() },
    body: { value: line(50) },
    response: list,
    run: async ({ db }, operator, asked) => {
      await setModuleProperty(db, operator, asked.params.property, asked.body.value);
      return properties(db);
    },
  }),
  change({
    path: '/module-properties/:property/reset',
    id: 'resetModuleProperty',
    role: 'administrator',
    summary: 'Give a module property its default again',
    params: { property: line() },
    response: list,
    run: async ({ db }, operator, asked) => {
      await resetModuleProperty(db, operator, asked.params.property);
      return properties(db);
    },
  }),
];
