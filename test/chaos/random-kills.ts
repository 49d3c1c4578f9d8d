import { setTimeout as pause } from 'node:timers/promises';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { daemons, type DaemonName, type Program } from '../support/installation.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import type { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';
import { emptyTally, type Finding, type Tally } from './findings.ts';
import { findAtEnd } from './flow-end.ts';
import { anyPending, hasWork, heldWork, isAtEnd } from './flow-work.ts';
import { Flow, flowCanaries, flowDevices, leaseSeconds } from './flow.ts';
import { findHalfVisible } from './half-visible.ts';
import { settleAll } from './lanes.ts';
import { patiently } from './patiently.ts';
import { archived, findIn, findPlaintext } from './plaintext.ts';
import { listening } from './run.ts';
import { standingOf } from './standing.ts';

/** The event by which a daemon tells that it is at work, and how long it is then left alone at most, on each host. */
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

/** Of so many processes on hosts, one hangs for longer than that before it is killed. */
const hangsOneIn = 10;
/** Kills from one end of the server to the next. */
const restartEvery = 20;

/** How many processes of each daemon there are, each set of them on a host of its own; the server of their store. */
export interface Hosts {
  readonly count: number;
  readonly stores: PostgresStores;
}

interface Killing {
  readonly flow: Flow;
  readonly hosts: Hosts | undefined;
  readonly tally: Tally;
  readonly kills: number;
  readonly say: (tally: Tally) => void;
  /** Something has failed: no more kills. */
  readonly failed: AbortController;
}

/** A process, and what it was started as. */
interface Started {
  readonly program: Program;
  readonly name: string;
}

/**
 * Orders flow through real daemons, each of which is killed again and again in the midst of its work: from outside, at
 * any moment, or at a fail-point. With hosts, several of each are at work at the same time, some hang until others have
 * taken over what they held, and then go on, and the server of the store is ended, too. At the end everything has happened
 * once.
 *
 * @param say is told after each kill
 */
export async function killAtRandom(
  seed: number,
  kills: number,
  say: Killing['say'],
  hosts?: Hosts,
): Promise<Tally> {
  const flow = await Flow.begin(hosts);
  const tally = emptyTally();
  const killing: Killing = { flow, hosts, tally, kills, say, failed: new AbortController() };
  try {
    const killers = killersOf(killing, seed);
    for (const killer of killers) killer.catch(() => killing.failed.abort());
    await settleAll(killers);
    await drain(killing);
    tally.findings.push(...(await findAtEnd(flow)));
    tally.files = flow.dropped.size;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    tally.findings.push({ defect: 'lost', what: `${what}; there are\n    ${await standingOf(flow.db)}` });
  } finally {
    await flow.installation.close();
  }
  return tally;
}

type Random = (limit: number) => number;

function killersOf(killing: Killing, seed: number): Promise<void>[] {
  let next = seed;
  const random = () => randomNumbers(next++);
  const hosts = hostsOf(killing);
  return [
    ...hosts.flatMap((host) => daemons.map((daemon) => killAgain(killing, host, daemon, random()))),
    ...hosts.map((host) => requestAgain(killing, host, random())),
    ...(killing.hosts ? [restartAgain(killing, killing.hosts, random())] : []),
  ];
}

/** Names of the hosts; undefined: this one. */
const hostsOf = ({ hosts }: Killing): (string | undefined)[] =>
  hosts ? Array.from({ length: hosts.count }, (_, index) => `chaos-${index}`) : [undefined];

function start(
  { flow: { installation } }: Killing,
  host: string | undefined,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Started {
  const program =
    host === undefined ? installation.start(words, { env }) : installation.startOn(host, words, env);
  return { program, name: ['enrol', ...words, ...(host === undefined ? [] : ['on', host])].join(' ') };
}

const listeningUpTo = (passings: number, random: Random) =>
  listening({ KILL_AT: `any:${1 + random(passings)}` });

/** Starts the daemon whenever something waits for it, and kills it. */
async function killAgain(
  killing: Killing,
  host: string | undefined,
  daemon: DaemonName,
  random: Random,
): Promise<void> {
  const { flow } = killing;
  while (await until(killing, `work for the ${daemon}`, () => hasWork(flow, daemon))) {
    const atPoint = random(2) === 0;
    const env = atPoint ? listeningUpTo(passedAtMost.daemon, random) : {};
    const started = start(killing, host, [daemon], env);
    if (atPoint) await untilIdle(started.program);
    else await untilAnyMoment(killing, started.program, daemon, random);
    if (host !== undefined && random(hangsOneIn) === 0) await hang(started.program);
    await bury(killing, started);
  }
}

/** Stops it until its lease has ended and others have what it held; then it goes on where it was. */
async function hang(program: Program): Promise<void> {
  if (!program.running) return;
  program.child.kill('SIGSTOP');
  await pause((leaseSeconds + 2) * 1000);
  program.child.kill('SIGCONT');
  await pause(500); // It may do what it likes.
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
    await patiently(() => flow.topUp());
    return patiently(holds);
  };
  await waitFor(what, probe, patienceSeconds);
  return !isEnough();
}

/** Waits until it is at work, and then for any moment. */
async function untilAnyMoment(
  { hosts }: Killing,
  program: Program,
  daemon: DaemonName,
  random: Random,
): Promise<void> {
  const { event, milliseconds } = signs[daemon];
  // All hosts share this machine: each does less in the same time.
  const moment = random(milliseconds * (hosts?.count ?? 1));
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
async function bury(killing: Killing, { program, name }: Started): Promise<void> {
  const { flow, tally, say } = killing;
  const diedAtPoint = !program.running;
  const { stdout, stderr, code } = await program.end('SIGKILL');
  const number = ++tally.kills;
  if (code !== null) tally.findings.push(...endedByItself(killing, { program, name }));
  else if (diedAtPoint || (await patiently(() => heldWork(flow, program.child.pid)))) tally.hits++;
  const found = [
    ...(await patiently(() => findHalfVisible(flow.db))),
    ...(await findPlaintext(flow.installation.home, flowCanaries, archived)),
    ...findIn('what the process said', stdout + stderr, [flowDevices]),
  ];
  const where = `kill ${number}, ${name}, killed ${diedAtPoint ? 'at a fail-point' : 'from outside'}`;
  tally.findings.push(...found.map(({ defect, what }) => ({ defect, what: `${where}\n    ${what}` })));
  say(tally);
}

/** With hosts, it may find the server away, or that others have thought it dead: then it ends, to be started anew. */
function endedByItself({ hosts }: Killing, started: Started): Finding[] {
  const { child, stdout, stderr } = started.program;
  const byStore = /STORE_UNREACHABLE|STORE_OUTCOME_UNKNOWN|LEASE_LOST/.test(stdout + stderr);
  return hosts && byStore && child.exitCode !== exitCodes.ok.code ? [] : [endedWrongly(started)];
}

const endedWrongly = ({ program: { child, stdout, stderr }, name }: Started): Finding => {
  const said = (stdout + stderr).slice(-2000);
  return { defect: 'lost', what: `${name} ended with ${child.exitCode ?? ''}:\n${said}` };
};

const request = ['job', 'run', 'deviceEnrolmentRequest'];

/** An operator runs the request job whenever something waits for it; half of these runs are killed, too. */
async function requestAgain(killing: Killing, host: string | undefined, random: Random): Promise<void> {
  const { flow } = killing;
  while (await until(killing, 'devices to ask for', () => anyPending(flow))) {
    const env = random(2) === 0 ? listeningUpTo(passedAtMost.job, random) : {};
    const started = start(killing, host, request, env);
    const { code } = await started.program.exit;
    if (code === null) await bury(killing, started);
  }
}

/** Ends the server in one of its ways, while everybody is at work, and starts it again. */
async function restartAgain(killing: Killing, { stores }: Hosts, random: Random): Promise<void> {
  const { tally, say } = killing;
  for (let next = restartEvery; next < killing.kills; next += restartEvery) {
    const reached = () => Promise.resolve(tally.kills >= next);
    if (!(await until(killing, 'the next end of the server', reached))) return;
    await stores.server.restart((['fast', 'immediate', 'killed'] as const)[random(3)] ?? 'killed');
    tally.kills++;
    tally.hits++;
    say(tally);
  }
}

/** Lets everything come to its end, and then the daemons. */
async function drain(killing: Killing): Promise<void> {
  const { flow, tally } = killing;
  const { installation } = flow;
  const started = hostsOf(killing).flatMap((host) => daemons.map((daemon) => start(killing, host, [daemon])));
  const probe = async () => {
    if (await anyPending(flow)) await installation.run(...request);
    return isAtEnd(flow);
  };
  await waitFor('every device to be enrolled', probe, patienceSeconds);
  for (const each of started) {
    const { code, stdout, stderr } = await each.program.end('SIGTERM');
    if (code !== 0 || stderr !== '') tally.findings.push(endedWrongly(each));
    tally.findings.push(...findIn('what the process said', stdout + stderr, [flowDevices]));
  }
  for (const name of installation.ended()) tally.findings.push({ defect: 'lost', what: `${name} has ended` });
}
