import { setTimeout as pause } from 'node:timers/promises';

import { daemons, type DaemonName, type Program } from '../support/installation.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { waitFor } from '../support/wait-for.ts';
import { emptyTally, type Finding, type Tally } from './findings.ts';
import { findAtEnd } from './flow-end.ts';
import { anyPending, hasWork, heldWork, isAtEnd } from './flow-work.ts';
import { Flow, flowCanaries, flowDevices } from './flow.ts';
import { findHalfVisible } from './half-visible.ts';
import { settleAll } from './lanes.ts';
import { archived, findIn, findPlaintext } from './plaintext.ts';
import { listening } from './run.ts';

/** The event by which a daemon tells that it is at work, and how long it is then left alone at most. */
const signs = {
  loader: { event: 'file.claimed', milliseconds: 80 },
  extractor: { event: 'daemon.ready', milliseconds: 40 },
  adaptor: { event: 'file.claimed', milliseconds: 80 },
  scheduler: { event: 'job.started', milliseconds: 30 },
} as const satisfies Record<DaemonName, { event: string; milliseconds: number }>;

/** Fail-points that a process passes at most before it dies at one. */
const passedAtMost = { daemon: 40, job: 3 } as const;
/** A process that finds no work is killed idle after so long. */
const idleMilliseconds = 3000;
const patienceSeconds = 180;

interface Killing {
  readonly flow: Flow;
  readonly tally: Tally;
  readonly kills: number;
  readonly say: (tally: Tally) => void;
  /** Something has failed: no more kills. */
  readonly failed: AbortController;
}

/**
 * Orders flow through real daemons, each of which is killed again and again in the midst of its work: from outside, at
 * any moment, or at a fail-point. At the end everything has happened once.
 *
 * @param say is told after each kill
 */
export async function killAtRandom(seed: number, kills: number, say: Killing['say']): Promise<Tally> {
  const flow = await Flow.begin();
  const tally = emptyTally();
  const killing: Killing = { flow, tally, kills, say, failed: new AbortController() };
  try {
    const killers = [
      ...daemons.map((daemon, index) => killAgain(killing, daemon, randomNumbers(seed + index))),
      requestAgain(killing, randomNumbers(seed + daemons.length)),
    ];
    for (const killer of killers) killer.catch(() => killing.failed.abort());
    await settleAll(killers);
    await drain(killing);
    tally.findings.push(...(await findAtEnd(flow)));
    tally.files = flow.dropped.size;
  } catch (error) {
    tally.findings.push({ defect: 'lost', what: error instanceof Error ? error.message : String(error) });
  } finally {
    await flow.installation.close();
  }
  return tally;
}

type Random = (limit: number) => number;

const listeningUpTo = (passings: number, random: Random) =>
  listening({ KILL_AT: `any:${1 + random(passings)}` });

/** Starts the daemon whenever something waits for it, and kills it. */
async function killAgain(killing: Killing, daemon: DaemonName, random: Random): Promise<void> {
  const { flow } = killing;
  while (await until(killing, `work for the ${daemon}`, () => hasWork(flow, daemon))) {
    const atPoint = random(2) === 0;
    const env = atPoint ? listeningUpTo(passedAtMost.daemon, random) : {};
    const program = flow.installation.start([daemon], { env });
    if (atPoint) await untilIdle(program);
    else await untilAnyMoment(program, daemon, random);
    await bury(killing, program);
  }
}

/** Waits for something to do; in the meantime orders come in. @returns false when there were kills enough */
async function until(
  { flow, tally, kills, failed }: Killing,
  what: string,
  holds: () => Promise<boolean>,
): Promise<boolean> {
  const isEnough = () => tally.kills >= kills || failed.signal.aborted;
  const probe = async () => {
    if (isEnough()) return true;
    await flow.topUp();
    return holds();
  };
  await waitFor(what, probe, patienceSeconds);
  return !isEnough();
}

/** Waits until it is at work, and then for any moment. */
async function untilAnyMoment(program: Program, daemon: DaemonName, random: Random): Promise<void> {
  const { event, milliseconds } = signs[daemon];
  const moment = random(milliseconds);
  await untilIdle(program, event);
  await pause(moment); // Waits for nothing: the moment is meant to be any.
}

/** Waits until it has died, or has logged the event, or has been ready for long and found nothing to do. */
async function untilIdle(program: Program, event?: string): Promise<void> {
  let idleAt = Infinity;
  const probe = () => {
    const { events, running } = program;
    if (idleAt === Infinity && events.includes('daemon.ready')) idleAt = performance.now() + idleMilliseconds;
    return !running || performance.now() > idleAt || (event !== undefined && events.includes(event));
  };
  await waitFor('the end of a process', probe, patienceSeconds);
}

/** Kills what still lives, and looks at what it leaves behind. */
async function bury({ flow, tally, say }: Killing, program: Program): Promise<void> {
  const diedAtPoint = !program.running;
  const { stdout, stderr, code } = await program.end('SIGKILL');
  const number = ++tally.kills;
  if (code !== null) tally.findings.push(endedWrongly(program));
  else if (diedAtPoint || (await heldWork(flow, program.child.pid))) tally.hits++;
  const found = [
    ...(await findHalfVisible(flow.db)),
    ...(await findPlaintext(flow.installation.home, flowCanaries, archived)),
    ...findIn('what the process said', stdout + stderr, [flowDevices]),
  ];
  const where = `kill ${number}, ${wordsOf(program)}, killed ${diedAtPoint ? 'at a fail-point' : 'from outside'}`;
  tally.findings.push(...found.map(({ defect, what }) => ({ defect, what: `${where}\n    ${what}` })));
  say(tally);
}

const endedWrongly = (program: Program): Finding => {
  const { child, stdout, stderr } = program;
  const said = (stdout + stderr).slice(-2000);
  return { defect: 'lost', what: `${wordsOf(program)} ended with ${child.exitCode ?? ''}:\n${said}` };
};

/** What it was started with: `enrol loader`, … */
const wordsOf = ({ child }: Program): string => `enrol ${child.spawnargs.slice(4).join(' ')}`;

const request = ['job', 'run', 'deviceEnrolmentRequest'];

/** An operator runs the request job whenever something waits for it; half of these runs are killed, too. */
async function requestAgain(killing: Killing, random: Random): Promise<void> {
  const { flow } = killing;
  while (await until(killing, 'devices to ask for', () => anyPending(flow))) {
    const env = random(2) === 0 ? listeningUpTo(passedAtMost.job, random) : {};
    const program = flow.installation.start(request, { env });
    const { code } = await program.exit;
    if (code === null) await bury(killing, program);
  }
}

/** Lets everything come to its end, and then the daemons. */
async function drain({ flow, tally }: Killing): Promise<void> {
  const { installation } = flow;
  const programs = daemons.map((daemon) => installation.start([daemon]));
  const probe = async () => {
    if (await anyPending(flow)) await installation.run(...request);
    return isAtEnd(flow);
  };
  await waitFor('every device to be enrolled', probe, patienceSeconds);
  for (const program of programs) {
    const { code, stdout, stderr } = await program.end('SIGTERM');
    if (code !== 0 || stderr !== '') tally.findings.push(endedWrongly(program));
    tally.findings.push(...findIn('what the process said', stdout + stderr, [flowDevices]));
  }
  for (const name of installation.ended()) tally.findings.push({ defect: 'lost', what: `${name} has ended` });
}
