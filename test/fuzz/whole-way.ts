import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encryptKey } from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { loadConfig } from '../../shared/runtime/config.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import type { Db } from '../../shared/store/tables.ts';
import { Lease } from '../../shared/store/lease.ts';
import { defaultLeaseSeconds, registerWorker } from '../../shared/store/workers.ts';
import { install, type Ended, type TestInstallation } from '../support/installation.ts';
import type { TestRuntime } from '../support/test-runtime.ts';
import { canary } from './documents.ts';
import type { Problem } from './findings.ts';
import type { Input } from './input.ts';
import type { ForTheWholeWay } from './messages.ts';
import { fixture, fixtureNames, fixtureRing, furnishStore } from './scene.ts';

/** Inputs dropped as files into the inboxes of an installation, whose own daemons work them off. */

export interface WholeWayResult {
  readonly outcomes: { readonly kind: string; readonly outcome: string }[];
  readonly problems: WholeWayProblem[];
}

interface WholeWayProblem {
  readonly problem: Problem;
  readonly counts: 'crashes' | 'hangs' | 'faults';
  /** The file, where it is one that is wrong. */
  readonly input?: Partial<Input>;
}

const filesAtOnce = 100;
/** For all files of a round together, the start of the process included. */
const maxSeconds = 180;

export async function wholeWay(drops: readonly ForTheWholeWay[]): Promise<WholeWayResult> {
  const installation = await install();
  try {
    await furnish(installation);
    const db = await installation.store();
    const all: WholeWayResult = { outcomes: [], problems: [] };
    for (let rest = drops; rest.length > 0;) {
      // In one folder no two files have the same name.
      const byName = Map.groupBy(rest, ({ inbox, name }) => `${inbox}/${name}`);
      const now = [...byName.values()].flatMap((same) => same.slice(0, 1)).slice(0, filesAtOnce);
      rest = rest.filter((drop) => !now.includes(drop));
      const { outcomes, problems } = await workOff(installation, db, now);
      all.outcomes.push(...outcomes);
      all.problems.push(...problems);
    }
    return all;
  } finally {
    await installation.close();
  }
}

/** The fixtures' keys, and requests to the provider in every state. */
async function furnish(installation: TestInstallation): Promise<void> {
  const passphrase = (await readFile(join(installation.home, 'var/secrets/pgp-passphrase'), 'utf8')).trim();
  const ring = await fixtureRing();
  for (const privateKey of ring.own) {
    const locked = await encryptKey({ privateKey, passphrase, config: pgpConfig });
    const file = join(installation.keys, 'own', `${locked.getFingerprint()}.asc`);
    await writeFile(file, locked.armor(), { mode: 0o600 });
  }
  for (const party of await fixtureNames('keys', 'partners')) {
    const folder = join(installation.keys, 'partners', party);
    await mkdir(folder, { recursive: true });
    for (const name of await fixtureNames('keys', 'partners', party)) {
      await writeFile(join(folder, name), await fixture('keys', 'partners', party, name));
    }
  }
  await installation.configure([
    [
      ['inboxes', 'inboundDeviceEnrolment', 'signedBy'],
      ['own', 'warehouse'],
    ],
    [
      ['inboxes', 'outboundDeviceEnrolment', 'signedBy'],
      ['own', 'warehouse'],
    ],
    // What waits is not tried again here.
    [['retry', 'firstSeconds'], 900],
  ]);
  await furnishStore(await runtimeOf(installation), ring);
  const db = await installation.store();
  // The files that brought the requests there are not on any disk.
  await db.deleteFrom('delivery').where('direction', '=', 'in').execute();
}

/** At the time of the fixtures, so that the requests have the numbers that the inputs name. */
async function runtimeOf(installation: TestInstallation): Promise<TestRuntime> {
  const db = await installation.store();
  const now = new Date('2026-05-06T12:00:00.000Z');
  const clock = { now: () => now, monotonic: () => 0 };
  const worker = await registerWorker(db, 'fuzz', now);
  return {
    loaded: await loadConfig({ home: installation.home, env: {} }),
    db,
    worker,
    lease: new Lease({ db, worker, clock, seconds: defaultLeaseSeconds }),
    clock,
    emit: () => undefined,
    events: [],
    pass: () => undefined,
    close: () => Promise.resolve(),
  };
}

async function workOff(
  installation: TestInstallation,
  db: Db,
  drops: readonly ForTheWholeWay[],
): Promise<WholeWayResult> {
  const last = await db.selectFrom('delivery').select('id').orderBy('id', 'desc').executeTakeFirst();
  for (const { inbox, name, bytes } of drops) await installation.drop(inbox, name, Buffer.from(bytes));
  const outcomes: WholeWayResult['outcomes'] = [];
  const problems: WholeWayProblem[] = [];
  const number = drops[0]?.number ?? 0;
  for (const daemon of ['loader', 'adaptor', 'scheduler']) {
    const wrong = wrongEnd(daemon, await runOnce(installation, daemon));
    if (wrong) problems.push({ counts: wrong.counts, problem: { ...wrong, number } });
  }
  const rows = await db
    .selectFrom('delivery')
    .selectAll()
    .where('id', '>', last?.id ?? 0)
    .execute();
  for (const drop of drops) {
    const row = rows.find(({ folder, name }) => folder === drop.inbox && name === drop.name);
    const message = await wrongWith(installation, row);
    if (message === undefined) {
      outcomes.push({ kind: drop.kind, outcome: row?.state === 'done' ? 'done' : (row?.fault_code ?? '') });
    } else {
      const problem = { what: 'whole way', message, number: drop.number };
      problems.push({ counts: 'faults', problem, input: { ...drop, way: drop.inbox } });
    }
  }
  return { outcomes, problems };
}

async function runOnce(installation: TestInstallation, daemon: string): Promise<Ended> {
  const program = installation.start([daemon, '--once']);
  const watchdog = setTimeout(() => program.child.kill('SIGKILL'), maxSeconds * 1000);
  try {
    return await program.exit;
  } finally {
    clearTimeout(watchdog);
  }
}

const rightCodes: readonly (number | null)[] = [exitCodes.ok.code, exitCodes.refused.code];

interface WrongEnd extends Pick<Problem, 'what' | 'message'> {
  readonly counts: WholeWayProblem['counts'];
}

function wrongEnd(daemon: string, { code, stdout, stderr }: Ended): WrongEnd | undefined {
  if (!rightCodes.includes(code)) {
    const message = `${daemon} --once ended with ${code ?? 'a signal'}\n${(stdout + stderr).slice(-4000)}`;
    return { counts: code === null ? 'hangs' : 'crashes', what: 'daemon', message };
  }
  const lines = `${stdout}${stderr}`.split('\n');
  const leak = lines.find((line) => line.includes(canary) && !isForOperators.test(line));
  return leak === undefined ? undefined : { counts: 'faults', what: 'leak', message: `${daemon}: ${leak}` };
}

/** Of our own request files operators are told which order and which device cannot be sent. */
const isForOperators = /UNMAPPABLE|UNKNOWN_PROVIDER/;

/** What is wrong with the end of a file, if anything. */
async function wrongWith(
  installation: TestInstallation,
  row: Delivery | undefined,
): Promise<string | undefined> {
  if (row === undefined) return 'the ledger does not know the file';
  const { state, place, fault_code: code, detail } = row;
  if (place === null) return `${state}, and the file is nowhere`;
  const path = installation.spool(place);
  if (!(await isThere(path))) return `${state}, and ${place} is not there`;
  if (state === 'done' || state === 'deferred') return undefined;
  if (state !== 'rejected') return `it stands at ${state}: ${code ?? ''} ${detail ?? ''}`;
  const reason = await readFile(`${path}.reason.json`, 'utf8').catch(() => undefined);
  if (reason === undefined) return `rejected with ${code ?? 'no code'}, without a reason file`;
  if (reason.includes(canary) && !isForOperators.test(reason))
    return `the reason file says too much: ${reason}`;
  return (JSON.parse(reason) as { code?: string }).code === code
    ? undefined
    : `another reason than ${code ?? ''}`;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
