import { readFileSync } from 'node:fs';

import { z } from 'zod';

/** The Dockerfile, as far as tests ask for it. */

export interface Copy {
  /** Empty: from the project; else the stage. */
  readonly from: string;
  readonly sources: readonly string[];
  readonly target: string;
}

/** What the last stage says of the image. */
export interface Image {
  /** What it is made from. */
  readonly base: string;
  readonly copies: readonly Copy[];
  readonly user: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');

/** `RUN` and the like with what follows; comments are left out. */
const instructions = text
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): readonly [name: string, rest: string] => {
    const end = line.indexOf(' ');
    return [line.slice(0, end), line.slice(end + 1)];
  });

/** What is run in the stages before the last. */
export const preparations = instructions.filter(([name]) => name === 'RUN').map(([, rest]) => rest);

export function readImage(): Image {
  const begin = instructions.findLastIndex(([name]) => name === 'FROM');
  const stage = instructions.slice(begin);
  const all = (wanted: string) => stage.filter(([name]) => name === wanted).map(([, rest]) => rest);
  const one = (wanted: string) => {
    const [rest, ...more] = all(wanted);
    if (rest === undefined || more.length > 0) throw new Error(`${wanted} is not there once`);
    return rest;
  };
  return {
    base: one('FROM'),
    copies: all('COPY').map(copyOf),
    user: one('USER'),
    folder: one('WORKDIR'),
    environment: Object.fromEntries(all('ENV').flatMap((rest) => rest.split(' ').map(pairOf))),
    entrypoint: wordsOf(one('ENTRYPOINT')),
    command: wordsOf(one('CMD')),
    healthcheck: wordsOf(one('HEALTHCHECK').replace(/^.*?CMD /, '')),
  };
}

function copyOf(rest: string): Copy {
  const words = rest.split(' ');
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
  const paths = from === undefined ? words : words.slice(1);
  return { from: from ?? '', sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
}

function pairOf(word: string): [name: string, value: string] {
  const [name = '', value = ''] = word.split('=', 2);
  return [name, value];
}

const wordsOf = (json: string): string[] => z.array(z.string()).parse(JSON.parse(json));
