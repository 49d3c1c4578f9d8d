import { isDeepStrictEqual } from 'node:util';

import { isCollection, isMap, isScalar, parseDocument, type Document, type Pair } from 'yaml';

import { readYaml } from './config-document.ts';
import type { SettingPath } from './config-rules.ts';
import { Fault } from './faults.ts';
import { isGroup, valueAt } from './setting-schema.ts';
import { flowText, nestedLines } from './yaml-text.ts';

/** What is done to a setting; without a value it is taken out, and its default applies. */
export interface SettingEdit {
  readonly path: SettingPath;
  readonly value: unknown;
  /** What stands above each key of the path where it has to be written. */
  readonly explanations: readonly string[];
}

/**
 * The text of a configuration with one setting changed. Only the lines of that setting change: comments, order and
 * layout of all others stay byte for byte; where the layout does not allow it, the library writes the whole anew, with
 * its comments. What comes out is read again and compared, so that nothing else can have changed. Pure.
 *
 * @throws Fault NOT_ALLOWED when the text cannot be changed by a program
 */
export function editConfig(text: string, edit: SettingEdit): string {
  const before = readYaml(text);
  if (before.mistakes.length > 0) throw impossible(edit);
  if (edit.value === undefined && valueAt(before.value, edit.path) === undefined) return text;
  const wanted = editedValue(before.value, edit.path, edit.value) ?? {};
  const isRight = (candidate: string | undefined): candidate is string => {
    if (candidate === undefined) return false;
    const after = readYaml(candidate);
    return after.mistakes.length === 0 && isDeepStrictEqual(after.value, wanted);
  };
  for (const attempt of [bySplice, byLibrary]) {
    const candidate = attempt(text, edit);
    if (isRight(candidate)) return candidate;
  }
  throw impossible(edit);
}

const impossible = ({ path }: SettingEdit): Fault =>
  new Fault(
    'NOT_ALLOWED',
    `the file is laid out so that ${path.join('.')} cannot be changed by a program: edit it`,
  );

/** Undefined when nothing is left. A group whose last setting goes, goes too: it would be a key without a value. */
function editedValue(group: unknown, [key, ...deeper]: SettingPath, value: unknown): unknown {
  if (key === undefined) return value;
  const entries = isGroup(group) ? Object.entries(group) : [];
  const old = entries.find(([name]) => name === key)?.[1];
  const inner = editedValue(old, deeper, value);
  const others = entries.filter(([name]) => name !== key);
  const left = inner === undefined ? others : [...others, [key, inner] as const];
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { schema: 'core', stringKeys: true, logLevel: 'silent' });
}

function byLibrary(text: string, { path, value }: SettingEdit): string | undefined {
  const document = parse(text);
  try {
    if (value === undefined) document.deleteIn(keptPath(document.toJS(), path));
    else document.setIn(path, document.createNode(value, { flow: Array.isArray(value) }));
    return document.toString({ lineWidth: 0 });
  } catch {
    return undefined; // Something stands where a group should.
  }
}

/** What has to be taken out: the setting, or the group whose only setting it is. */
function keptPath(value: unknown, path: SettingPath): SettingPath {
  const around = path.slice(0, -1);
  const group = valueAt(value, around);
  return around.length > 0 && isGroup(group) && Object.keys(group).length <= 1
    ? keptPath(value, around)
    : path;
}

function bySplice(text: string, edit: SettingEdit): string | undefined {
  const { contents } = parse(text);
  if (edit.value === undefined) {
    const path = keptPath(parse(text).toJS(), edit.path);
    return removed(text, contents, path, edit.explanations[path.length - 1]);
  }
  return replaced(text, contents, edit) ?? added(text, contents, edit);
}

/** The pairs down to the setting, as deep as the document goes. */
function pairsTo(node: unknown, [key, ...deeper]: SettingPath): Pair[] {
  if (key === undefined || !isMap(node)) return [];
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair === undefined ? [] : [pair, ...pairsTo(pair.value, deeper)];
}

/** From the first character of a node to the last that is not a blank behind it. */
function extentOf(text: string, node: unknown): readonly [number, number] | undefined {
  if (!(isScalar(node) || isCollection(node)) || !node.range) return undefined;
  const [start, end] = node.range;
  return [start, start + text.slice(start, end).trimEnd().length];
}

function replaced(text: string, contents: unknown, { path, value }: SettingEdit): string | undefined {
  const pairs = pairsTo(contents, path);
  const extent = pairs.length === path.length ? extentOf(text, pairs.at(-1)?.value) : undefined;
  return extent && splice(text, ...extent, flowText(value));
}

const splice = (text: string, start: number, end: number, instead: string): string =>
  text.slice(0, start) + instead + text.slice(end);

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** Behind the line break. */
const lineEnd = (text: string, offset: number): number => {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
};

/** Takes whole lines out: those of the setting, and its explanation where that is the one that we write ourselves. */
function removed(
  text: string,
  contents: unknown,
  path: SettingPath,
  explanation: string | undefined,
): string | undefined {
  const pair = pairsTo(contents, path).at(-1);
  const key = extentOf(text, pair?.key);
  const value = extentOf(text, pair?.value);
  if (!key || !value) return undefined;
  const start = lineStart(text, key[0]);
  if (text.slice(start, key[0]).trim() !== '') return undefined; // Several on one line.
  const above = lineStart(text, start - 1);
  const isOurs = explanation !== undefined && text.slice(above, start).trim() === `# ${explanation}`;
  return splice(text, isOurs ? above : start, lineEnd(text, value[1]), '');
}

/**
 * Writes the setting at the end of the innermost group that there is, with the groups that are missing. Not into a group
 * in braces.
 */
function added(
  text: string,
  contents: unknown,
  { path, value, explanations }: SettingEdit,
): string | undefined {
  const pairs = pairsTo(contents, path.slice(0, -1));
  const missing = path
    .slice(pairs.length)
    .map((key, index) => ({ key, explanation: explanations[pairs.length + index] }));
  const group = pairs.length === 0 ? contents : pairs.at(-1)?.value;
  if (group === null && pairs.length === 0)
    return withLines(text, text.length, nestedLines('', missing, value));
  if (!isMap(group) || group.flow === true) return undefined;
  const last = group.items.at(-1);
  const first = extentOf(text, group.items[0]?.key);
  const end = extentOf(text, last?.value) ?? extentOf(text, last?.key);
  if (!first || !end) return undefined;
  const indent = text.slice(lineStart(text, first[0]), first[0]);
  return withLines(text, lineEnd(text, end[1]), nestedLines(indent, missing, value));
}

/** At the beginning of a line; the line before it may lack its end. */
function withLines(text: string, at: number, lines: readonly string[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const before = text.slice(0, at);
  const gap = before === '' || before.endsWith('\n') ? '' : newline;
  return before + gap + lines.map((line) => line + newline).join('') + text.slice(at);
}
