import { randomInt } from 'node:crypto';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { table } from '../../bin/output.ts';
import { fuzz, type Result } from './campaign.ts';
import { kindNames, type KindName } from './input.ts';

const help = `npm run fuzz [-- options]

Gives the product mutated files of every kind: sealed files, generic JSON, Apple's answers in JSON and XML, the
replies of every provider, orders as CSV and JSON. Each must end as done, or refused with a code, in bounded time and
memory; the process that works on them must never end, nor hang. The last line is JSON.

  --inputs N     so many inputs (100000)
  --seed N       the same seed gives the same inputs (random)
  --kind NAME    only ${kindNames.join(', ')}
  --only N       only the input of this number, as a finding names it with its seed
  --seconds N    processor time that one input may take (5)
  --keep DIR     where findings are kept (a new temporary folder)
  --help

Exit codes
  0  nothing was found
  1  something was found, and is described in the folder that is named; or it was interrupted
  2  the command line is not valid`;

interface Options {
  readonly seed: number;
  readonly first: number;
  readonly inputs: number;
  readonly kind: KindName | undefined;
  readonly maxSeconds: number;
  readonly keep: string | undefined;
}

function usage(problem: string): never {
  console.error(`${problem}\n\n${help}`);
  process.exit(2);
}

function parse(): ReturnType<typeof parsed> {
  try {
    return parsed();
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const parsed = () =>
  parseArgs({
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      kind: { type: 'string' },
      only: { type: 'string' },
      seconds: { type: 'string', default: '5' },
      keep: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  }).values;

function optionsOf(values: ReturnType<typeof parsed>): Options {
  const number = (name: string, text: string): number =>
    /^\d{1,9}$/.test(text) ? Number(text) : usage(`--${name} wants a whole number, not ${text}`);
  const kind = kindNames.find((name) => name === values.kind);
  if (values.kind !== undefined && kind === undefined) usage(`--kind wants one of: ${kindNames.join(', ')}`);
  return {
    seed: values.seed === undefined ? randomInt(2 ** 29) : number('seed', values.seed),
    first: values.only === undefined ? 0 : number('only', values.only),
    inputs: values.only === undefined ? number('inputs', values.inputs) : 1,
    kind,
    maxSeconds: /^\d{1,4}(\.\d+)?$/.test(values.seconds)
      ? Number(values.seconds)
      : usage(`--seconds wants a number, not ${values.seconds}`),
    keep: values.keep,
  };
}

async function main(): Promise<void> {
  const values = parse();
  if (values.help) {
    console.log(help);
    return;
  }
  const { keep, ...options } = optionsOf(values);
  const folder = keep === undefined ? await mkdtemp(join(tmpdir(), 'enrol-fuzz-')) : resolve(keep);
  let told = 0;
  const onProgress = (count: number) => {
    if (count < told + options.inputs / 20) return;
    told = count;
    console.error(`${count} of ${options.inputs}`);
  };
  const result = await fuzz({ ...options, workers: 2, folder, onProgress });
  show(result);
  // Nothing was found: it is empty.
  if (keep === undefined && result.kept.length === 0) await rmdir(folder);
  const { crashes, hangs, faults } = result.counts;
  process.exitCode = crashes + hangs + faults > 0 ? 1 : 0;
}

function show({ outcomes, kept, counts }: Result): void {
  const rows = Object.entries(outcomes).flatMap(([kind, ofKind]) =>
    Object.entries(ofKind)
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, count]) => [kind, outcome, count]),
  );
  console.log(table(['kind', 'outcome', 'inputs'], rows).join('\n'));
  for (const path of kept) console.log(`Found: ${path}`);
  console.log(JSON.stringify(counts));
}

function interrupted(signal: string): never {
  console.error(`interrupted by ${signal}`);
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupted(signal));
await main();
