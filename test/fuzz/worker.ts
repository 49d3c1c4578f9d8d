import { rmSync } from 'node:fs';

import { peakMegabytes } from '../support/peak-memory.ts';
import type { Input } from './input.ts';
import { openKinds, pickKind, type Kinds } from './kinds/registry.ts';
import type { Ended, ForTheWholeWay, Report, Request, Task } from './messages.ts';
import { Random } from './random.ts';
import { openScene } from './scene.ts';
import { verdictOf, type Verdict } from './verdict.ts';

/** The process in which the product works on mutated inputs. Whatever ends or blocks it, its parent remains. */

const scene = await openScene();
const kinds: Kinds = await openKinds(scene);

/** The one input that a seed and a number stand for. */
async function make({ seed, kind }: Task, number: number): Promise<Input> {
  const random = new Random(`${seed}:${number}`);
  const picked = pickKind(random, kinds);
  return kinds[kind ?? picked].make(random);
}

async function run(task: Task): Promise<void> {
  const { wholeWayEvery = Infinity } = task;
  for (let number = task.from; number < task.to; number++) {
    const input = await make(task, number);
    const way = number % wholeWayEvery === wholeWayEvery - 1 ? await wholeWay(input, number) : undefined;
    tell(way ? { drop: way } : { ended: await work(input, number) });
  }
}

async function wholeWay(input: Input, number: number): Promise<ForTheWholeWay | undefined> {
  const { kind, name } = input;
  const dropped = await kinds[kind].dropped?.(input);
  // The name of an answer says what it answers; of all others it is only to be another each time.
  const isAnswer = kind === 'answers' || kind === 'xml';
  return dropped && { ...dropped, number, kind, name: isAnswer ? name : `${number}.${name}` };
}

async function work(input: Input, number: number): Promise<Ended> {
  const started = process.cpuUsage();
  const before = peakMegabytes();
  const verdict = await verdictOf(kinds[input.kind], input);
  const { user, system } = process.cpuUsage(started);
  const milliseconds = (user + system) / 1000;
  // A rejection that nobody handles is told now, while it is known to which input it belongs.
  await new Promise((resolve) => setImmediate(resolve));
  const residentMB = peakMegabytes();
  const finding = verdict.finding ?? tooMuch(before, residentMB);
  return { ...verdict, ...(finding && { finding }), number, kind: input.kind, milliseconds, residentMB };
}

/** More than twice what any of the inputs needs. */
const limitMB = 600;

const tooMuch = (before: number, after: number): Verdict['finding'] =>
  before <= limitMB && after > limitMB
    ? { what: 'memory', message: `the process grew from ${Math.ceil(before)} to ${Math.ceil(after)} MB` }
    : undefined;

const tell = (report: Report): boolean => process.send?.(report) ?? false;

async function answer(request: Request): Promise<void> {
  if ('run' in request) await run(request.run);
  else if ('make' in request) tell({ made: await make(request.make, request.make.from) });
  else tell({ ended: await work({ ...request.replay, bytes: Buffer.from(request.replay.bytes) }, 0) });
  tell({ finished: true });
}

// What is thrown, and nobody catches, ends the process: as it would end a daemon.
process.on('message', (request: Request) => void answer(request));
// The parent was killed: nobody else removes what this process leaves.
process.on('disconnect', () => {
  const [folder] = process.argv.slice(2);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit();
});
tell({ finished: true });
