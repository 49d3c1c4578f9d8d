import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The pages that people read, by their path. */
export const pages: ReadonlyMap<string, string> = new Map(
  [
    'README.md',
    'spool/README.md',
    'demo/README.md',
    ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
  ].map((name) => [name, readFileSync(new URL(name, root), 'utf8')]),
);

/** A block of a page between fences. */
export interface Fenced {
  /** Empty where the page names none. */
  readonly language: string;
  readonly text: string;
}

/** Every block, also one that is indented. */
export const fencedIn = (page: string): Fenced[] =>
  [...page.matchAll(/^( *)```([a-z]*)\n(.*?)^\1```$/gms)].map(
    ([, indent = '', language = '', text = '']) => ({
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );

/** Blocks of commands: those without a language, and those of a shell. */
export const commandBlocks = (page: string): string[] =>
  fencedIn(page)
    .filter(({ language }) => isShell(language))
    .map(({ text }) => text);

const isShell = (language: string): boolean => ['', 'sh'].includes(language);

/** Commands of ours between single backticks, as tables and sentences quote them. */
export const quotedCommands = (page: string): string[] => {
  const outside = page.replaceAll(/^( *)```.*?^\1```$/gms, '');
  return [...outside.matchAll(quoted)].map(([, command = '']) => command);
};

const quoted = /`(?:npx )?(enrol [^`\n]+)`/g;

/** Commands that a page shows: a block of them, or one that it quotes. */
export interface Shown {
  readonly isQuoted: boolean;
  readonly text: string;
}

/** Blocks and quoted commands, in the order in which they stand in the page. */
export function shownCommands(page: string): Shown[] {
  const parts = page.split(/^( *```[a-z]*\n.*?^ *```$)/gms);
  return parts.flatMap((part) => {
    const isBlock = /^ *```/.test(part);
    const texts = isBlock ? commandBlocks(part) : quotedCommands(part);
    // In a table a pipe is escaped.
    return texts.map((text) => ({ isQuoted: !isBlock, text: isBlock ? text : text.replaceAll('\\|', '|') }));
  });
}
