import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { describeMachine, machineLines } from './machine.ts';
import { fullScale, judge, type Measured, type Measurement, type Scale } from './measurement.ts';
import { measurements } from './measurements.ts';
import { listLines, reportLines, summaryOf, type Row } from './report.ts';
import { cleanUpAtExit } from './scene/leavings.ts';

const usage = `How fast everything is, each figure beside its reference of the same minute. docs/performance.md explains them.

  npm run bench [-- OPTIONS]

  --only NAME    this measurement only; may be repeated
  --rounds N     how often each is made: the medians are shown (3)
  --files N      files of a measurement of many files (${fullScale.files}); the backlog has 50 times as many
  --devices N    devices of the largest file (${fullScale.devices}); the jobs have a tenth of them, the chain a hundredth
  --json FILE    all figures, also of each round
  --list         the measurements, with their sizes and targets

Exit code 1: a measurement could not be made. A target that is missed is shown, and no failure.`;

interface Options {
  readonly chosen: readonly Measurement[];
  readonly rounds: number;
  readonly scale: Scale;
  readonly json: string | undefined;
}

cleanUpAtExit();
const options = readOptions();
if (options) process.exitCode = await bench(options);

async function bench({ chosen, rounds, scale, json }: Options): Promise<number> {
  const machine = describeMachine();
  console.log(machineLines(machine).join('\n'));
  const rows: Row[] = [];
  for (const measurement of chosen) rows.push(await measure(measurement, scale, rounds));
  console.log(reportLines(rows).join('\n'));
  console.log(JSON.stringify(summaryOf(rows)));
  if (json !== undefined) await writeFile(json, JSON.stringify({ machine, scale, rounds, rows }, null, 2));
  return rows.some(({ failed }) => failed !== undefined) ? 1 : 0;
}

async function measure(measurement: Measurement, scale: Scale, rounds: number): Promise<Row> {
  const { name, what, against, target } = measurement;
  const row = { name, what, against, target, size: measurement.size(scale) };
  const lacks = measurement.lacks?.();
  if (lacks !== undefined) return { ...row, skipped: lacks };
  const made: Measured[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`${name}, ${row.size}, round ${round} of ${rounds}\n`);
      made.push(await measurement.run(scale));
    }
  } catch (error) {
    return { ...row, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  return { ...row, rounds: made, verdict: judge(target, made) };
}

/** @returns undefined when there is nothing to be measured */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '3' },
      files: { type: 'string', default: String(fullScale.files) },
      devices: { type: 'string', default: String(fullScale.devices) },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const numbers = [values.rounds, values.files, values.devices].map(Number);
  const [rounds = 0, files = 0, devices = 0] = numbers;
  const { only, json } = values;
  const unknown = (only ?? []).filter((name) => measurements.every((each) => each.name !== name));
  if (unknown.length > 0 || !numbers.every((value) => Number.isSafeInteger(value) && value >= 1)) {
    console.error(unknown.length > 0 ? `there is no measurement ${unknown.join(', ')}: see --list` : usage);
    process.exitCode = 2;
    return undefined;
  }
  const scale = { files, devices };
  if (values.help || values.list) {
    console.log(values.help ? usage : listLines(measurements, scale).join('\n'));
    return undefined;
  }
  const chosen = measurements.filter(({ name }) => only === undefined || only.includes(name));
  return { chosen, rounds, scale, json };
}
