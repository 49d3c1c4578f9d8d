import { z } from 'zod';

import { mapping } from '../../shared/runtime/configured-format-schema.ts';

/** The settings of a mapping as rows of a table, made from their schema: for the page that explains them. */

type Schema = z.core.JSONSchema.BaseSchema;

interface Setting {
  readonly path: string;
  /** Kinds of document that have it so. */
  readonly kinds: readonly string[];
  readonly values: readonly string[];
  readonly byDefault: string;
  readonly meaning: string;
}

export function mappingTable(): string[] {
  const settings = settingsIn(z.toJSONSchema(mapping, { io: 'input' }), '', []);
  const byPath = [...Map.groupBy(settings, ({ path }) => path).values()];
  return byPath.flatMap((ofPath) =>
    [...Map.groupBy(ofPath, ({ kinds: _kinds, ...same }) => JSON.stringify(same)).values()].map(rowOf),
  );
}

/** A setting that several kinds have alike. */
function rowOf(same: readonly Setting[]): string {
  const [first] = same;
  if (!first) throw new Error('a row of nothing');
  const kinds = new Set(same.flatMap((setting) => setting.kinds));
  return toRow([
    `\`${first.path}\``,
    [...kinds].join(', '),
    first.values.join(', '),
    first.byDefault,
    first.meaning,
  ]);
}

/** Blanks at the ends of cells do not count. */
export const toRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;

function settingsIn(schema: Schema, path: string, kinds: readonly string[]): Setting[] {
  if (schema.oneOf) {
    const forms = schema.oneOf.filter((form) => typeof form === 'object');
    return forms.flatMap((form) => settingsIn(form, path, [String(constOf(form.properties?.['kind']))]));
  }
  if (schema.items !== undefined && !Array.isArray(schema.items) && typeof schema.items === 'object') {
    const inner = settingsIn(schema.items, `${path}[]`, kinds);
    if (inner.length > 0) return inner;
  }
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (typeof property !== 'object') return [];
    const at = path === '' ? name : `${path}.${name}`;
    const isNeeded = (schema.required ?? []).includes(name);
    return [settingAt(at, property, kinds, isNeeded), ...settingsIn(property, at, kinds)];
  });
}

function settingAt(path: string, schema: Schema, kinds: readonly string[], isNeeded: boolean): Setting {
  return {
    // Fields are the same wherever they stand.
    path: path.replace(/^request\.(orders|devices)\.fields\[\]/, 'request.fields[]'),
    kinds,
    values: valuesOf(schema),
    byDefault: isNeeded ? 'needed' : schema.default === undefined ? '' : shown(schema.default),
    meaning: schema.description ?? '',
  };
}

function valuesOf(schema: Schema): string[] {
  const inner = typeof schema.items === 'object' && !Array.isArray(schema.items) ? schema.items : schema;
  if (inner.enum) return inner.enum.map(String);
  const one = constOf(schema);
  return typeof one === 'string' ? [one] : [];
}

const constOf = (schema: z.core.JSONSchema._JSONSchema | undefined): unknown =>
  typeof schema === 'object' ? schema.const : undefined;

/** A group whose members all have defaults is shown by them. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && !Array.isArray(value) ? '' : JSON.stringify(value);
}
