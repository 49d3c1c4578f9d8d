import { join } from 'node:path';

import { roomOf } from '../daemon/room.ts';
import { daemonStandings } from '../operator/overview.ts';
import { waitingFiles } from '../operator/waiting-files.ts';
import { listKeys } from '../pgp/list-keys.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { inboxFolder, inboxNames, keysFolder, type InboxName } from '../runtime/paths.ts';
import { countBatchesInError } from '../store/batches.ts';
import { countFiles, countRejectedSince, listDeliveries } from '../store/delivery-lists.ts';
import { listPauses } from '../store/intake-pauses.ts';
import { lastRun } from '../store/job-runs.ts';
import { countFailedNotices } from '../store/notices.ts';
import { listRests } from '../store/provider-exchanges.ts';
import { countOpenRequests, openProviderRequests } from '../store/request-lists.ts';
import { askedStates } from '../store/states/provider-request.ts';
import type { Db } from '../store/tables.ts';
import { attempt } from './attempt.ts';
import { measureCertificates } from './certificates.ts';
import { localDay } from './day-rules.ts';
import type { Measured } from './measured.ts';
import type { Reading } from './probe.ts';
import { readingsOf } from './probe-rules.ts';

const day = 86_400_000;
/** More than that need a look all the same. */
const requestsLooked = 1000;

/**
 * All probes as they are now, the worst first.
 *
 * @throws Fault STORE_…: without the store nothing can be said
 */
export async function readProbes(loaded: LoadedConfig, db: Db, now: Date): Promise<Reading[]> {
  return readingsOf(await measure(loaded, db, now), loaded.config.probes, now);
}

async function measure(loaded: LoadedConfig, db: Db, now: Date): Promise<Measured> {
  const { config } = loaded;
  const yesterday = new Date(now.getTime() - day);
  return {
    daemons: await daemonsOf(loaded, db, now),
    inboxes: await inboxesOf(loaded, db, now),
    rejected: await countRejectedSince(db, yesterday),
    today: localDay(now, config.scheduler.timeZone),
    dailyFiles: await Promise.all(
      config.probes.expectDaily.inboxes.map(async (inbox) => ({ inbox, last: await lastFile(db, inbox) })),
    ),
    oldestSent: await oldestSent(loaded, db),
    openRequests: await openProviderRequests(db, requestsLooked),
    rests: await restsOf(loaded, db),
    batchesInError: await countBatchesInError(db),
    jobs: await Promise.all(
      Object.keys(config.jobs).map(async (job) => ({ job, state: (await lastRun(db, job))?.state })),
    ),
    rooms: await attempt(() => roomOf(loaded)),
    keys: await attempt(() => listKeys(keysFolder(loaded), now)),
    certificates: await measureCertificates(loaded),
    pauses: await listPauses(db),
    failedNotices: await countFailedNotices(db, yesterday),
  };
}

async function daemonsOf({ config }: LoadedConfig, db: Db, now: Date): Promise<Measured['daemons']> {
  const running = (await daemonStandings(db, now)).filter((daemon) => daemon.running);
  return config.probes.daemons.map((name) => ({
    name,
    processes: running.filter((daemon) => daemon.name === name).length,
  }));
}

async function inboxesOf(loaded: LoadedConfig, db: Db, now: Date): Promise<Measured['inboxes']> {
  const counts = await countFiles(db);
  const countOf = (folder: string, state: string) =>
    counts.find((row) => row.folder === folder && row.state === state)?.count ?? 0;
  return Promise.all(
    inboxNames(loaded.config).map(async (name) => ({
      name,
      oldestMinutes: await attempt(() => oldestMinutes(loaded, name, now)),
      held: countOf(name, 'held'),
      deferred: countOf(name, 'deferred'),
    })),
  );
}

async function oldestMinutes(loaded: LoadedConfig, name: InboxName, now: Date): Promise<number> {
  const { since } = await waitingFiles(join(inboxFolder(loaded, name), 'in'), now);
  const oldest = since.reduce((least, time) => Math.min(least, time), now.getTime());
  return (now.getTime() - oldest) / 60_000;
}

async function lastFile(db: Db, inbox: string): Promise<string | null> {
  const [newest] = await listDeliveries(db, { folder: inbox, limit: 1 });
  return newest?.seen_at ?? null;
}

/** Of every provider that is configured, or is owed an answer. */
async function oldestSent({ config }: LoadedConfig, db: Db): Promise<Measured['oldestSent']> {
  const counted = await countOpenRequests(db);
  const open = counted.filter(({ state }) => askedStates.some((asked) => asked === state));
  const providers = new Set([...Object.keys(config.providers), ...open.map(({ provider }) => provider)]);
  return [...providers].map((provider) => {
    const sent = open.filter((each) => each.provider === provider).flatMap((each) => each.oldestSentAt ?? []);
    return { provider, sentAt: sent.sort()[0] ?? null };
  });
}

/** Of every provider that is called over HTTPS, or rests. */
async function restsOf({ config }: LoadedConfig, db: Db): Promise<Measured['rests']> {
  const known = await listRests(db);
  const called = Object.keys(config.providers).filter((id) => config.providers[id]?.transport === 'https');
  const fine = called
    .filter((id) => !known.some((rest) => rest.provider_id === id))
    .map((id) => ({ provider_id: id, rests: 0, fault_code: null }));
  const looked = known.filter(({ provider_id: id, rests }) => rests > 0 || called.includes(id));
  return [...fine, ...looked];
}
