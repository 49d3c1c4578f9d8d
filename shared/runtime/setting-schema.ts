import type { z } from 'zod';

import type { SettingPath } from './config-rules.ts';
import { describedSettings } from './config-schema.ts';

/** The settings one by one, as the one schema has them: what pages, commands and documents about settings are made from. */

type Schema = z.core.JSONSchema.BaseSchema;

/** How the value of a setting is given. `structure`: more than fits into one line. */
export type SettingKind = 'switch' | 'choice' | 'number' | 'text' | 'list' | 'structure';

export interface Setting {
  readonly path: SettingPath;
  readonly description: string;
  readonly kind: SettingKind;
  /** In words: `a number from 0 to 600`. */
  readonly type: string;
  /** Of kind `choice` only. */
  readonly choices: readonly (string | number)[];
  /** Undefined where the setting has to be written. */
  readonly byDefault: unknown;
}

/** A group of settings. */
export interface Section {
  readonly path: SettingPath;
  readonly description: string;
  readonly settings: readonly Setting[];
  readonly sections: readonly Section[];
}

/** The settings that a configuration has, those of its providers among them. Pure. */
export const settingsOf = (config: unknown): Section => sectionOf(describedSettings(), [], config);

/** The forms of a provider, by their format; the paths begin behind its id. Pure. */
export function providerSections(): Section[] {
  const providers = describedSettings().properties?.['providers'];
  const any = typeof providers === 'object' ? providers.additionalProperties : undefined;
  return formsOf(typeof any === 'object' ? any : {}).map((form) => {
    const format = asSchema(form.properties?.['format']).const;
    return { ...sectionOf(form, [], undefined), path: [String(format)] };
  });
}

/** Every setting of a section and of those in it, in the order of the schema. Pure. */
export const allSettings = ({ settings, sections }: Section): Setting[] => [
  ...settings,
  ...sections.flatMap(allSettings),
];

/** Undefined when there is no such setting. Pure. */
export const findSetting = (config: unknown, path: string): Setting | undefined =>
  allSettings(settingsOf(config)).find((setting) => setting.path.join('.') === path);

/** What stands at a path. Pure. */
export const valueAt = (value: unknown, path: SettingPath): unknown =>
  path.reduce<unknown>(
    (inner, key) => (isGroup(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );

export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param value decides where the schema has several forms, and which names a map has */
function sectionOf(schema: Schema, path: SettingPath, value: unknown): Section {
  const form = formFor(schema, value);
  const named = Object.entries(form.properties ?? {});
  const free = typeof form.additionalProperties === 'object' ? form.additionalProperties : undefined;
  const keyed = free && isGroup(value) ? Object.keys(value).map((key) => [key, free] as const) : [];
  const entries = [...named, ...keyed].map(([key, inner]) => {
    const there = isGroup(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return { path: [...path, key], schema: asSchema(inner), value: there };
  });
  return {
    path,
    description: schema.description ?? '',
    settings: entries
      .filter((entry) => !isSection(entry.schema))
      .map((entry) => settingOf(entry.schema, entry.path)),
    sections: entries
      .filter((entry) => isSection(entry.schema))
      .map((entry) => sectionOf(entry.schema, entry.path, entry.value)),
  };
}

const asSchema = (schema: z.core.JSONSchema._JSONSchema | undefined): Schema =>
  typeof schema === 'object' ? schema : {};

const isSection = (schema: Schema): boolean =>
  schema.type === 'object' || formsOf(schema).some((form) => form.type === 'object');

const formsOf = (schema: Schema): Schema[] => (schema.oneOf ?? schema.anyOf ?? []).map(asSchema);

/** The one of several forms whose constants, `format: apple` for one, are those of the value. */
function formFor(schema: Schema, value: unknown): Schema {
  const isThat = (form: Schema) =>
    Object.entries(form.properties ?? {}).every(([key, property]) => {
      const { const: constant } = asSchema(property);
      return constant === undefined || constant === (isGroup(value) ? value[key] : undefined);
    });
  return formsOf(schema).find(isThat) ?? schema;
}

function settingOf(schema: Schema, path: SettingPath): Setting {
  const kind = kindOf(schema);
  return {
    path,
    description: schema.description ?? '',
    kind,
    type: typeOf(schema, kind),
    choices: choicesOf(schema),
    byDefault: schema.default,
  };
}

function kindOf(schema: Schema): SettingKind {
  if (schema.type === 'boolean') return 'switch';
  if (choicesOf(schema).length > 0) return 'choice';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'string') return 'text';
  return schema.type === 'array' && itemOf(schema).type === 'string' ? 'list' : 'structure';
}

const itemOf = ({ items }: Schema): Schema => (Array.isArray(items) ? {} : asSchema(items));

function choicesOf(schema: Schema): (string | number)[] {
  const constants = [schema.const, ...(schema.enum ?? []), ...formsOf(schema).map((form) => form.const)];
  return constants.filter((each) => typeof each === 'string' || typeof each === 'number');
}

function typeOf(schema: Schema, kind: SettingKind): string {
  switch (kind) {
    case 'switch':
      return 'yes or no';
    case 'choice':
      return choicesOf(schema).join(', ');
    case 'number':
      return `${schema.type === 'integer' ? 'a whole number' : 'a number'}${rangeOf(schema)}`;
    case 'text':
      return textType(schema);
    case 'list':
      return listType(schema);
    case 'structure':
      return 'several values';
  }
}

/** Bounds that only say how far numbers reach are none. */
function rangeOf({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const least =
    exclusiveMinimum === undefined ? bound(' from ', minimum) : bound(' above ', exclusiveMinimum);
  return least + bound(' to ', maximum);
}

const bound = (word: string, limit: unknown): string =>
  typeof limit !== 'number' || Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? '' : `${word}${limit}`;

function textType({ pattern, minLength, maxLength }: Schema): string {
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const shape = pattern === undefined ? '' : `, like ${pattern}`;
  return `text${minLength === undefined ? '' : ', not empty'}${length}${shape}`;
}

function listType(schema: Schema): string {
  const choices = choicesOf(itemOf(schema));
  const what = choices.length > 0 ? `a list of ${choices.join(', ')}` : 'a list of words';
  return schema.minItems === undefined ? what : `${what}, not empty`;
}

/** What stands above each key of a path in the file; empty where there is nothing to say. Pure. */
export function explanationsOf(config: unknown, path: SettingPath): string[] {
  const root = settingsOf(config);
  return path.map((_, index) => explanationAt(root, path.slice(0, index + 1)));
}

function explanationAt(section: Section, path: SettingPath): string {
  const isHere = (each: Section | Setting) => each.path.join('.') === path.join('.');
  const inner = section.sections.find((each) => each.path.every((key, index) => key === path[index]));
  const found = section.settings.find(isHere) ?? section.sections.find(isHere);
  if (found) return found.description;
  return inner ? explanationAt(inner, path) : '';
}
