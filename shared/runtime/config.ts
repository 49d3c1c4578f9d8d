import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { checkConfig } from './config-check.ts';
import { configDigest } from './config-digest.ts';
import { readYaml } from './config-document.ts';
import type { Config } from './config-schema.ts';
import { Fault } from './faults.ts';

export interface LoadedConfig {
  /** Absolute. */
  readonly home: string;
  /** Absolute. */
  readonly file: string;
  readonly config: Config;
  /** Of what the file says, defaults included; see `configDigest`. */
  readonly digest: string;
}

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** The file, or the environment variable. */
  readonly source: string;
  /** Where it stands in the file; missing when the problem is not in a line. */
  readonly line?: number;
  readonly column?: number;
  /** Keys down to the setting, joined by dots; empty when it is about the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** CONFIG_INVALID with every problem; the detail holds one a line. */
export class ConfigFault extends Fault {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super('CONFIG_INVALID', problems.map(problemLine).join('\n'), options);
    this.problems = problems;
  }
}

function problemLine({ source, line, column, path, message }: ConfigProblem): string {
  const place = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`;
}

const storeVariable = 'ENROL_STORE_URL';

/**
 * Reads `<home>/config/enrol.yaml`, or the file given (relative to the working directory). An empty file means all
 * defaults; ENROL_STORE_URL, unless empty, replaces store.url.
 *
 * @throws ConfigFault CONFIG_INVALID with all problems at once, in the order of the lines
 */
export async function loadConfig(from: {
  home: string;
  file?: string;
  env: NodeJS.ProcessEnv;
}): Promise<LoadedConfig> {
  const home = resolve(from.home);
  const file = resolve(from.file ?? join(home, 'config', 'enrol.yaml'));
  const document = readYaml(await readText(file));
  const checked = checkConfig(document.value);
  const override = checkStoreUrl(from.env[storeVariable]);

  const mistakes = document.mistakes.map(({ position, message }) => ({
    source: file,
    ...position,
    path: '',
    message,
  }));
  const findings = 'config' in checked ? [] : checked.findings;
  const located = findings.map(({ path, message }) => ({
    source: file,
    ...document.positionOf(path),
    path: path.join('.'),
    message,
  }));
  const inFile = [...mistakes, ...located].sort((a, b) => a.line - b.line || a.column - b.column);
  const problems = [...inFile, ...override.problems];
  if (problems.length > 0 || !('config' in checked)) throw new ConfigFault(problems);

  const store = { ...checked.config.store, ...override.store };
  return { home, file, config: { ...checked.config, store }, digest: configDigest(checked.config) };
}

/** @throws ConfigFault CONFIG_INVALID */
async function readText(file: string): Promise<string> {
  const fault = (message: string, cause: unknown) =>
    new ConfigFault([{ source: file, path: '', message }], { cause });
  let bytes;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fault(
      errno === 'ENOENT' ? 'there is no such file; enrol init makes one' : `cannot be read (${errno})`,
      error,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw fault('is not valid UTF-8', error);
  }
}

function checkStoreUrl(url: string | undefined): {
  problems: ConfigProblem[];
  store: Partial<Config['store']>;
} {
  if (url === undefined || url === '') return { problems: [], store: {} };
  const checked = checkConfig({ store: { url } });
  if ('config' in checked) return { problems: [], store: { url } };
  const problems = checked.findings.map(({ path, message }) => ({
    source: storeVariable,
    path: path.join('.'),
    message,
  }));
  return { problems, store: {} };
}
