import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';

import type { SettingPath } from './config-rules.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML text, read as far as it can be. */
export interface ConfigDocument {
  readonly value: unknown;
  readonly mistakes: readonly { position: Position; message: string }[];
  /** Where a setting stands; where it does not stand, the nearest group around it. */
  positionOf(path: SettingPath): Position;
}

/**
 * Reads YAML 1.2, whatever version the text asks for: `no` and `0o17` mean the same in every file. Mistakes do not
 * stop it, so that settings behind them are checked too. Aliases are refused: they can make a few lines
 * expand to gigabytes, and a problem in a shared value would have no one place. Pure.
 */
export function readYaml(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    strict: true,
    stringKeys: true,
    logLevel: 'error',
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const aliases = removeAliases(document).map((offset) => ({
    position: at(offset),
    message: 'YAML: aliases (*name) are not taken; write the value out',
  }));
  const mistakes = [...document.errors, ...document.warnings].map((mistake) => ({
    position: at(mistake.pos[0]),
    message: `YAML: ${mistake.message}`,
  }));
  return {
    value: document.toJS({ maxAliasCount: 0 }) ?? {},
    mistakes: [...mistakes, ...aliases],
    positionOf: (path) => at(offsetOf(document.contents, path, 0)),
  };
}

/** @returns where they stood. */
function removeAliases(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair: (_, pair) => {
      const alias = [pair.key, pair.value].find(isAlias);
      if (alias === undefined) return undefined;
      offsets.push(alias.range?.[0] ?? 0);
      return visit.REMOVE;
    },
    Alias: (_, alias) => {
      offsets.push(alias.range?.[0] ?? 0);
      return visit.REMOVE;
    },
  });
  return offsets;
}

/** Offset of the key (in a list: of the item) that a path names, as deep as the document goes. */
function offsetOf(node: unknown, path: SettingPath, found: number): number {
  const [key, ...deeper] = path;
  if (key === undefined) return found;
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return isScalar(item) ? (item.range?.[0] ?? found) : found;
  }
  if (!isMap(node)) return found;
  const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === key);
  if (pair === undefined || !isScalar(pair.key)) return found;
  return offsetOf(pair.value, deeper, pair.key.range?.[0] ?? found);
}
