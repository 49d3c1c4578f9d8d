import type { Random } from '../random.ts';
import type { Mutation } from './mutation.ts';

/** Changes to text by its lines: armour, and whatever else a program may have put its hand on. */

const withLine = (
  random: Random,
  lines: readonly string[],
  change: (line: string) => readonly string[],
): string[] => {
  const index = random.below(lines.length);
  return lines.flatMap((line, n) => (n === index ? change(line) : [line]));
};

const mutations: readonly Mutation<readonly string[]>[] = [
  (random, lines) => withLine(random, lines, () => []),
  (random, lines) => withLine(random, lines, (line) => [line, line]),
  (random, lines) => withLine(random, lines, (line) => [line, '']),
  (random, lines) => withLine(random, lines, (line) => [line.slice(0, random.below(line.length + 1))]),
  (random, lines) =>
    withLine(random, lines, (line) => [`${line}${random.pick([' ', '\t', '=', '==', '-', '\u00a0'])}`]),
  (random, lines) =>
    withLine(random, lines, (line) => [`${random.pick(['- ', ' ', '> ', '=', '=AAAA\n'])}${line}`]),
  (random, lines) => withLine(random, lines, (line) => [line.toLowerCase()]),
  (random, lines) => random.shuffled(lines),
  (random, lines) => lines.map((line) => `${line}${random.pick(['\r', ' '])}`),
  (_random, lines, other) => [...lines, ...other],
  (random, lines, other) => [
    ...other.slice(0, random.below(other.length)),
    ...lines.slice(random.below(lines.length)),
  ],
  (random, lines) => ['Comment: x'.repeat(random.pick([1, 1000])), ...lines],
  (random, lines) => [
    ...lines.slice(0, 1),
    `Version: ${'x'.repeat(random.pick([1, 5000]))}`,
    ...lines.slice(1),
  ],
  (random, lines) => [...lines, random.pick(['', ' ', '\u0000', 'Regards', '-----END PGP MESSAGE-----'])],
  (_random, lines) => [lines.join('')],
];

/** One change. */
export function mutatedLines(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const linesOf = (text: Buffer): string[] => text.toString('latin1').split('\n');
  const changed = random.pick(mutations)(random, linesOf(bytes), linesOf(other));
  return Buffer.from(changed.join('\n'), 'latin1');
}
