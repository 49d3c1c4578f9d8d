import { InvalidArgumentError, type Command } from 'commander';
import { fileURLToPath } from 'node:url';

import { openInstallation, type Place } from '../shared/store/installation.ts';
import { personAtKeyboard, type Operator } from '../shared/operator/operator.ts';
import { loadConfig, type LoadedConfig } from '../shared/runtime/config.ts';
import { Fault } from '../shared/runtime/faults.ts';
import type { Db } from '../shared/store/tables.ts';
import { outputOf, type Output } from './output.ts';

/** Options of every command. */
interface GlobalOptions {
  readonly home?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** What a command has at hand. */
export interface Session extends Output {
  readonly place: Place;
  readonly json: boolean;
  loadConfig(): Promise<LoadedConfig>;
  /** Opens the store for `work`, and closes it whatever happens. */
  withStore<T>(work: (db: Db, loaded: LoadedConfig) => Promise<T>): Promise<T>;
  /** The person at the keyboard. @throws Fault BAD_INPUT when the reason is blank */
  operator(reason: string): Operator;
}

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/** The session of a command, from its options and the environment (ENROL_HOME). */
export function sessionOf(command: Command): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const place = { home: options.home ?? process.env.ENROL_HOME ?? projectFolder, configFile: options.config };
  const json = options.json ?? false;
  return {
    ...outputOf(json),
    place,
    json,
    loadConfig: () =>
      loadConfig({
        home: place.home,
        env: process.env,
        ...(place.configFile !== undefined && { file: place.configFile }),
      }),
    withStore: async (work) => {
      const { db, loaded } = await openInstallation(place);
      try {
        return await work(db, loaded);
      } finally {
        await db.destroy();
      }
    },
    operator: (text) => {
      const reason = text.trim();
      if (reason === '') throw new Fault('BAD_INPUT', 'a reason is needed: --reason says why');
      return { who: personAtKeyboard(), reason, now: new Date() };
    },
  };
}

/** Examples below the help of a command. */
export const examples = (...lines: string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');

/** Option parser: a whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 is needed.');
  return Number(text);
}

/** Option parser of repeatable `NAME=VALUE` pairs. */
export function pair(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [name, value] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];
  if (!text.includes('=') || name === '' || value === '')
    throw new InvalidArgumentError('NAME=VALUE is needed.');
  return { ...before, [name]: value };
}
