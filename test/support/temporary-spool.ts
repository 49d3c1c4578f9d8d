import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { EventFields, EventName } from '../../shared/runtime/events.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Inbox } from '../../shared/spool/inbox.ts';
import { checkInbox, makeInbox } from '../../shared/spool/layout.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { Lease } from '../../shared/store/lease.ts';
import type { Db } from '../../shared/store/tables.ts';
import { defaultLeaseSeconds, registerWorker } from '../../shared/store/workers.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';

export type TestEvent = { [N in EventName]: { name: N; fields: EventFields[N] } }[EventName];

/** A clock that stands until it is told to go on. */
export class TestClock implements Clock {
  #seconds = 0;
  readonly now = (): Date => new Date(Date.UTC(2026, 4, 6, 7, 8, 9) + this.#seconds * 1000);
  readonly monotonic = (): number => 1_000_000 + this.#seconds * 1000;
  advance(seconds: number): void {
    this.#seconds += seconds;
  }
}

export interface TemporarySpool {
  readonly store: TemporaryStore;
  readonly spool: string;
  readonly clock: TestClock;
  readonly inbox: Inbox;
  readonly events: TestEvent[];
  close(): Promise<void>;
}

export const inboxName = 'inboundSalesOrderDispatch';

/** An inbox in a spool of its own, with a real store and a clock that stands. */
export async function temporarySpool(): Promise<TemporarySpool> {
  const store = await temporaryStore();
  const spool = join(store.folder, 'spool');
  const clock = new TestClock();
  const events: TestEvent[] = [];
  const inbox = await openTestInbox(store.db, spool, {
    clock,
    emit: (name, fields) => void events.push({ name, fields } as TestEvent),
  });
  return { store, spool, clock, inbox, events, close: () => store.close() };
}

/** The inbox as a process of its own has it. */
export async function openTestInbox(
  db: Db,
  spool: string,
  { clock, emit, ...own }: Pick<Inbox, 'clock' | 'emit'> & Partial<Pick<Inbox, 'worker' | 'lease'>>,
): Promise<Inbox> {
  const root = join(spool, inboxName);
  await makeInbox(root);
  const worker = own.worker ?? (await registerWorker(db, 'test', clock.now()));
  return {
    name: inboxName,
    folders: await checkInbox(root),
    spool,
    settings: {
      quietSeconds: 2,
      ignore: ['.*', '*.tmp', '*.part', '*~'],
      marker: '',
      markerSeconds: 60,
      maxFileMegabytes: 1,
      duplicate: 'content',
      encryption: 'none',
      signature: 'forbidden',
      signedBy: [],
    },
    retry: { firstSeconds: 10, maxSeconds: 60, maxAttempts: 4, crashAttempts: 3 },
    db,
    worker,
    lease: own.lease ?? new Lease({ db, worker, clock, seconds: defaultLeaseSeconds }),
    clock,
    emit,
  };
}

/** The same inbox with other settings. */
export const withSettings = (inbox: Inbox, own: Partial<Inbox['settings']>): Inbox => ({
  ...inbox,
  settings: { ...inbox.settings, ...own },
});

/** Path in the drop folder, of a name in any bytes. */
export const dropPath = (inbox: Inbox, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${inbox.folders.in}/`), Buffer.from(name)]);

export const drop = async (
  inbox: Inbox,
  name: string | Buffer,
  content: string | Buffer = `content of ${String(name)}`,
) => {
  await writeFile(dropPath(inbox, name), content);
  // Not ahead of the inbox's clock, which may be told to stand in the past.
  await utimes(dropPath(inbox, name), inbox.clock.now(), inbox.clock.now());
};

/** What lies under a folder, by its path in there; sorted. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

export interface FinalFile {
  readonly folder: 'done' | 'rejected' | 'hold';
  /** Path in that folder. */
  readonly path: string;
  readonly content: string;
}

/** Files in their last folder; reason files are not among them. */
export async function finalFiles(inbox: Pick<Inbox, 'folders'>): Promise<FinalFile[]> {
  const found: FinalFile[] = [];
  for (const folder of ['done', 'rejected', 'hold'] as const) {
    for (const path of await filesUnder(inbox.folders[folder])) {
      if (path.endsWith('.reason.json')) continue;
      found.push({ folder, path, content: await readFile(join(inbox.folders[folder], path), 'utf8') });
    }
  }
  return found;
}

/** Contents of the files that ended there; sorted. */
export const contentsOf = (files: readonly FinalFile[], folder: FinalFile['folder']): string[] =>
  files
    .filter((file) => file.folder === folder)
    .map((file) => file.content)
    .sort();

/** The ledger, in the order of arrival. */
export const ledger = (db: Db): Promise<Delivery[]> =>
  db.selectFrom('delivery').selectAll().orderBy('id').execute();

/** The only row of the ledger. */
export async function onlyRow(db: Db): Promise<Delivery> {
  const [row, ...others] = await ledger(db);
  if (row === undefined || others.length > 0) throw new Error(`${others.length + (row ? 1 : 0)} rows`);
  return row;
}

export async function reasonOf(inbox: Inbox, path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(inbox.folders.rejected, `${path}.reason.json`), 'utf8')) as Record<
    string,
    unknown
  >;
}
