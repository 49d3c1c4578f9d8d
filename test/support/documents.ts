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

/** Blocks of commands. */
export const commandBlocks = (page: string): string[] =>
  fencedIn(page)
    .filter(({ language }) => ['', 'sh', 'bash', 'shell', 'console'].includes(language))
    .map(({ text }) => text);

/** Commands of ours between single backticks, as tables and sentences quote them. */
export const quotedCommands = (page: string): string[] => {
  const outside = page.replaceAll(/^( *)```.*?^\1```$/gms, '');
  return [...outside.matchAll(/`(?:npx )?(enrol [^`\n]+)`/g)].map(([, command = '']) => command);
};
