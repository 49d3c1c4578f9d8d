import { copyFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { jest } from '@jest/globals';
import { CommanderError, type Command } from 'commander';

import { main } from '../../bin/enrol.ts';
import { program } from '../../bin/program.ts';
import { shownCommands } from './documents.ts';
import type { TestInstallation } from './installation.ts';
import { shellCommands, type ShellCommand } from './shell-words.ts';

/** The commands that a page shows, run one after the other as a reader does. */

/** The words behind `enrol`, wherever it is called; undefined: it is another program. */
export function enrolWords({ words }: ShellCommand): string[] | undefined {
  const [first, second] = words;
  if (first === 'enrol') return words.slice(1);
  if (first === 'npx' && second === 'enrol') return words.slice(2);
  const service = words.indexOf('enrol');
  if (first === 'docker' && words.includes('run') && service > 0) return words.slice(service + 1);
  return undefined;
}

/** A command in one line, by which tables name it. */
export const lineOf = ({ words }: ShellCommand): string => words.join(' ').replace(/^npx enrol/, 'enrol');

/** What documents write where a name or a number belongs. */
const placeholders: Readonly<Record<string, string>> = {
  N: '17',
  ID: 'x',
  NAME: 'x',
  FILE: 'x',
  INBOX: 'x',
  '…': 'x',
};

/** The same words, as the program could take them. */
export const filledIn = (words: readonly string[]): string[] =>
  words.map((word) => placeholders[word] ?? word.replace(/\.{3}$|…$/, ''));

/** The program as it is, with commands that do nothing. */
async function idleProgram(): Promise<Command> {
  const idle = await program();
  const visit = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(visit);
  };
  visit(idle);
  return idle;
}

/** Why these words are no command of ours; undefined: they are one. */
export async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  try {
    await (await idleProgram()).parseAsync(words, { from: 'user' });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return thrown.exitCode === 0 ? undefined : thrown.message;
  }
}

/** Sentences leave the reason out: "each with `--reason`". @returns undefined: they only name the command */
async function completed(words: readonly string[]): Promise<readonly string[] | undefined> {
  const reason = words.at(-1) === '--reason' ? ['as the page says'] : ['--reason', 'as the page says'];
  for (const all of [words, [...words, ...reason]]) if ((await refusalOf(all)) === undefined) return all;
  return undefined;
}

/** How a page is walked through. Lines are as `lineOf` gives them. */
export interface WalkPlan {
  /** Before a line: what people do meanwhile. */
  readonly before?: Readonly<Record<string, () => Promise<unknown>>>;
  /** What words stand for: `FILE` everywhere, `orders FILE` in the commands that begin with `orders`. */
  readonly words?: Readonly<Record<string, string | (() => string | Promise<string>)>>;
  /** Exit codes of lines that do not end with 0. */
  readonly ends?: Readonly<Record<string, number>>;
}

/** Walks through the commands of a page in an installation, which may be another from some line on. */
export class Walk {
  installation: TestInstallation;
  readonly #plan: Required<WalkPlan>;
  readonly #isNotRun: (line: string) => boolean;

  constructor(
    installation: TestInstallation,
    { before = {}, words = {}, ends = {} }: WalkPlan,
    isNotRun: (line: string) => boolean,
  ) {
    this.installation = installation;
    this.#plan = { before, words, ends };
    this.#isNotRun = isNotRun;
  }

  /** @returns what was run, and did not end as it should */
  async run(page: string): Promise<string[]> {
    const failed: string[] = [];
    for (const { isQuoted, text } of shownCommands(page))
      for (const command of shellCommands(text)) {
        const line = lineOf(command);
        if (this.#isNotRun(line)) continue;
        const said = await this.#one(command, line, isQuoted);
        if (said !== undefined) failed.push(`${line}: ${said}`);
      }
    return failed;
  }

  async #one(command: ShellCommand, line: string, isQuoted: boolean): Promise<string | undefined> {
    const shown = enrolWords(command);
    if (shown === undefined) return this.#copy(command);
    if (isQuoted && (await completed(filledIn(shown))) === undefined) return undefined;
    await this.#plan.before[line]?.();
    const words = await completed(await this.#filled(shown));
    if (words === undefined) return 'it is not complete';
    const { code, said } = await this.#enrol(words);
    if (command.output !== undefined) await writeFile(this.#place(command.output), said);
    return code === (this.#plan.ends[line] ?? 0) ? undefined : `${code}: ${said}`;
  }

  /** The daemons are processes of their own: they change what this one has in common, handlers of signals for one. */
  async #enrol(words: readonly string[]): Promise<{ code: number | null; said: string }> {
    if (!words.includes('--once')) return inThisProcess(['--home', this.installation.home, ...words]);
    const { code, stdout, stderr } = await this.installation.run(...words);
    return { code, said: stdout + stderr };
  }

  async #copy({ words }: ShellCommand): Promise<string | undefined> {
    const [name, from = '', folder = ''] = words.map((word) => this.#place(word));
    if (name !== 'cp') return 'it is neither run nor named';
    await copyFile(from, join(folder, basename(from)));
    return undefined;
  }

  async #filled([first = '', ...rest]: readonly string[]): Promise<string[]> {
    const filled = [first];
    for (const word of rest) {
      const name = word.replace(/\.{3}$/, '');
      const meant = this.#plan.words[`${first} ${name}`] ?? this.#plan.words[name] ?? word;
      filled.push(this.#place(typeof meant === 'string' ? meant : await meant()));
    }
    return filled;
  }

  /** Names of files are those of the home, which has another place here. */
  #place(word: string): string {
    const { home } = this.installation;
    if (word.startsWith('/srv/enrol')) return word.replace('/srv/enrol', home);
    return /^[\w.-]+\.(asc|json|pgp|token)$/.test(word) ? join(home, word) : word;
  }
}

/** What a command prints, and its exit code. */
export async function inThisProcess(words: readonly string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  // The command sets its own, which is not to be that of the tests behind this one.
  const umask = process.umask(0o022);
  const writers = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      said.push(String(text));
      return true;
    }),
  );
  process.exitCode = 0;
  try {
    await main(['node', 'enrol', ...words]);
    return { code: process.exitCode, said: said.join('') };
  } finally {
    for (const writer of writers) writer.mockRestore();
    process.umask(umask);
    process.exitCode = 0;
  }
}
