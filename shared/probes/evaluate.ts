import type { Runtime } from '../daemon/process.ts';
import type { NoticeConfig } from '../runtime/notice-schema.ts';
import type { StepResult, Task } from '../runtime/task-loop.ts';
import { addNotice, extendNotice, gatheringNotice } from '../store/notices.ts';
import { inTransaction } from '../store/open-store.ts';
import {
  addChange,
  forgetOld,
  forgetStanding,
  lastRound,
  listStandings,
  saveStanding,
  takeRound,
  type ProbeChange,
} from '../store/probes.ts';
import type { NoticeChannel } from '../store/states/probe.ts';
import type { Db } from '../store/tables.ts';
import { advance, farewell } from './change-rules.ts';
import { readProbes } from './measure.ts';
import { channelsOf } from './notice-channels.ts';
import type { Reading } from './probe.ts';

const idle: StepResult = { worked: 0, refused: 0, waiting: 0 };
const day = 86_400_000;

/** Evaluates all probes every now and then, and keeps what changes; of several processes one does it. */
export const probeTask = (runtime: Runtime): Task => ({
  name: 'probes',
  step: async () => {
    const { loaded, db, clock, emit } = runtime;
    const { everySeconds } = loaded.config.probes;
    if (!(await isDue(db, everySeconds, clock.now()))) return idle;
    const now = clock.now();
    const readings = await readProbes(loaded, db, now);
    for (const change of await inTransaction(db, (trx) => recordRound(trx, runtime, readings, now))) {
      const { probe, before, after, value, unit, sentence } = change;
      emit('probe.changed', { probe, before, after, value, unit, sentence });
    }
    return idle;
  },
});

async function isDue(db: Db, everySeconds: number, now: Date): Promise<boolean> {
  const last = await lastRound(db);
  return last === undefined || Math.abs(now.getTime() - Date.parse(last)) >= everySeconds * 1000;
}

/** @returns what has changed; nothing when another process was faster */
async function recordRound(
  trx: Db,
  { loaded }: Pick<Runtime, 'loaded'>,
  readings: readonly Reading[],
  now: Date,
): Promise<ProbeChange[]> {
  const { everySeconds, keepDays, notices } = loaded.config.probes;
  if (!(await takeRound(trx, everySeconds, now))) return [];
  const changes = await recordReadings(trx, readings, now);
  for (const channel of channelsOf(notices)) await announce(trx, channel, notices, changes, now);
  await forgetOld(trx, new Date(now.getTime() - keepDays * day));
  return changes;
}

async function recordReadings(trx: Db, readings: readonly Reading[], now: Date): Promise<ProbeChange[]> {
  const known = new Map((await listStandings(trx)).map((standing) => [standing.probe, standing]));
  const changes: ProbeChange[] = [];
  for (const reading of readings) {
    const { standing, change } = advance(known.get(reading.probe), reading, now);
    known.delete(reading.probe);
    await saveStanding(trx, standing);
    if (change) changes.push(await addChange(trx, change));
  }
  for (const gone of known.values()) {
    const change = farewell(gone, now);
    await forgetStanding(trx, gone.probe);
    if (change) changes.push(await addChange(trx, change));
  }
  return changes;
}

/** Puts the changes into the e-mail that is being gathered, or into a new notice. */
async function announce(
  trx: Db,
  channel: NoticeChannel,
  { gatherSeconds }: NoticeConfig,
  changes: readonly ProbeChange[],
  now: Date,
): Promise<void> {
  const [first, last] = [changes[0]?.id, changes.at(-1)?.id];
  if (first === undefined || last === undefined) return;
  const gathering = await gatheringNotice(trx, channel, now);
  if (gathering) return extendNotice(trx, gathering.id, last);
  // People read several changes at once more easily; programs want each at once.
  const seconds = channel === 'mail' ? gatherSeconds : 0;
  await addNotice(trx, channel, { first, last }, { now, sendAt: new Date(now.getTime() + seconds * 1000) });
}
