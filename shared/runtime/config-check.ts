import type { z } from 'zod';

import { ruleFindings, type Finding, type SettingPath } from './config-rules.ts';
import { configSchema, describedSettings, type Config } from './config-schema.ts';
import { nearest } from './nearest.ts';

type Issue = z.core.$ZodIssue;

/** The configuration, or everything that is wrong with it. */
export type Checked = { readonly config: Config } | { readonly findings: readonly Finding[] };

/**
 * Holds what was written against the schema and the rules. All findings come at once: where the schema finds faults,
 * the rules look at what is left when the faulty settings are taken away. Pure.
 */
export function checkConfig(written: unknown): Checked {
  const parsed = configSchema.safeParse(written, { reportInput: true });
  const faulty = parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue, written));
  const rest = parsed.success ? { config: parsed.data, written } : withoutFaulty(written);
  const contradictions = ruleFindings(rest.config, (path) => isWritten(rest.written, path));
  const findings = [
    ...faulty,
    ...contradictions.filter(({ path }) => !faulty.some((one) => overlap(one.path, path))),
  ];
  return parsed.success && findings.length === 0 ? { config: parsed.data } : { findings };
}

type Schema = z.core.JSONSchema.BaseSchema;

/** Names of the settings that the schema knows at a place; where it has several forms, those of the one written. */
function knownSettings(path: SettingPath, written: unknown): string[] {
  let schema: Schema | undefined = describedSettings();
  let value = written;
  for (const key of path) {
    const form: Schema | undefined = formOf(schema, value);
    const named: z.core.JSONSchema._JSONSchema | undefined =
      form?.properties?.[key] ?? form?.additionalProperties ?? itemsOf(form);
    schema = typeof named === 'object' ? named : undefined;
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return Object.keys(formOf(schema, value)?.properties ?? {});
}

/** The one of several forms whose constants, `format: apple` for one, are those of the value. */
function formOf(schema: Schema | undefined, value: unknown): Schema | undefined {
  const forms = (schema?.oneOf ?? schema?.anyOf ?? []).filter((form) => typeof form === 'object');
  if (forms.length === 0 || !isGroup(value)) return schema;
  return forms.find((form) =>
    Object.entries(form.properties ?? {}).every(
      ([key, property]) =>
        typeof property !== 'object' || property.const === undefined || property.const === value[key],
    ),
  );
}

const itemsOf = (schema: Schema | undefined) =>
  Array.isArray(schema?.items) ? undefined : (schema?.items as Schema | undefined);

function findingsOf(issue: Issue, written: unknown): Finding[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ path, message: messageOf(issue) }];
  const known = knownSettings(path, written);
  return issue.keys.map((key) => ({ path: [...path, key], message: unknownMessage(key, known) }));
}

function unknownMessage(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `is no setting; known here: ${known.join(', ')}`
    : `is no setting; did you mean ${meant}?`;
}

function messageOf(issue: Issue): string {
  if (issue.input === undefined && issue.code !== 'invalid_key') return 'is missing';
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return discriminatorMessage(issue);
  if (issue.code === 'invalid_type') return typeMessage(issue.expected, issue.input);
  if (issue.code === 'invalid_value') return `must be one of: ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_key') return `the name must be ${issue.issues[0]?.message ?? 'valid'}`;
  if (issue.code === 'invalid_format') return `must be ${issue.message}`;
  return issue.message;
}

/** The input of such an issue is the group, not the setting that tells its forms apart. */
function discriminatorMessage({ discriminator = '', input, ...rest }: z.core.$ZodIssueInvalidUnion): string {
  if (!isGroup(input) || input[discriminator] === undefined) return 'is missing';
  // The library gives the options, and its types do not say so.
  const { options = [] } = rest as { options?: readonly unknown[] };
  return `must be one of: ${options.map(String).join(', ')}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of settings',
};

function typeMessage(expected: string, input: unknown): string {
  if (input === null) return 'has no value: give it one, or remove the line and the default applies';
  const message = `must be ${typeNames[expected] ?? expected}`;
  const unquoted = expected === 'string' && (typeof input === 'number' || typeof input === 'boolean');
  return unquoted ? `${message}, and YAML reads a ${typeof input} here: put the value in quotes` : message;
}

/** What remains valid of something with faults. Every round takes away at least one setting, so it ends. */
function withoutFaulty(written: unknown): { config: Config; written: unknown } {
  const parsed = configSchema.safeParse(written);
  if (parsed.success) return { config: parsed.data, written };
  const faulty = parsed.error.issues.flatMap((issue) => findingsOf(issue, written));
  return withoutFaulty(faulty.reduce<unknown>((rest, { path }) => without(rest, path), written) ?? {});
}

/** Without what stands at the path; where a required setting is missing, without the group that lacks it. */
function without(value: unknown, path: SettingPath): unknown {
  const [key, ...deeper] = path;
  if (key === undefined || !isGroup(value)) return undefined;
  if (!Object.hasOwn(value, key)) return deeper.length === 0 ? undefined : value;
  const left = without(value[key], deeper);
  const others = Object.entries(value).filter(([name]) => name !== key);
  return Object.fromEntries(left === undefined ? others : [...others, [key, left]]);
}

function isWritten(value: unknown, path: SettingPath): boolean {
  const [key, ...deeper] = path;
  if (key === undefined) return true;
  return isGroup(value) && Object.hasOwn(value, key) && isWritten(value[key], deeper);
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function overlap(a: SettingPath, b: SettingPath): boolean {
  const shared = Math.min(a.length, b.length);
  return a.slice(0, shared).every((key, i) => key === b[i]);
}
