import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { Fault } from '../../../shared/runtime/faults.ts';
import type { Task } from '../../../shared/runtime/task-loop.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { Publisher } from '../../../shared/spool/publisher.ts';
import { removeName } from '../../../shared/spool/files.ts';
import { admit, writeUpload } from '../../../shared/spool/receive.ts';
import { contentOf } from '../../../shared/spool/received-file.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import type { Delivery } from '../../../shared/store/deliveries.ts';
import { queuePublication } from '../../../shared/store/publications.ts';
import { loadedTexts, loading } from '../loading.ts';
import { filesUnder, finalFiles, inboxName, ledger, withSettings } from '../temporary-spool.ts';
import type { DiskCall } from './calls.ts';
import type { Hands, Place } from './place.ts';
import { auditOf } from '../store-lookups.ts';

/** A piece of work for the product, and how to tell that all of it was done, once and well. */
export interface Scene {
  /** Puts the work there. */
  prepare(place: Place, hands: Hands): Promise<void>;
  /** What a process does in it. */
  task(place: Place, hands: Hands): Task;
  /** What others do before this call of the process; returns the file that they put there. */
  meanwhile?(place: Place, call: DiskCall): string | undefined;
  /** Puts one more piece of the same work there. */
  prepareFresh(place: Place, hands: Hands): Promise<void>;
  /** What is not as it should be. */
  problems(place: Place, hands: Hands): Promise<string[]>;
}

const inboxAt = (place: Place, ...path: string[]): string => join(place.spool, inboxName, ...path);

/** Files that are dropped into an inbox: their names and texts. */
type Drops = Readonly<Record<string, string>>;

function drop(place: Place, drops: Drops): Promise<void> {
  for (const [name, text] of Object.entries(drops)) writeFileSync(inboxAt(place, 'in', name), text);
  return Promise.resolve();
}

/** A file named bad… is refused, the others are loaded. */
const inboxTask = (hands: Hands, marker = ''): Task => {
  const worker = new InboxWorker(withSettings(hands.inbox, { marker }), (file) => {
    if (file.name.startsWith('bad')) throw new Fault('SCHEMA_VIOLATION', 'a bad file');
    return loading(file);
  });
  return { name: 'inbox', step: (stop) => worker.step(stop) };
};

/** What becomes of the files that were dropped, by their texts. */
interface Ends {
  readonly loaded: readonly string[];
  readonly rejected?: readonly string[];
  /** In done/ beside the loaded ones. */
  readonly markers?: readonly string[];
  /** Of these, nothing need have been seen. */
  readonly perhaps?: readonly string[];
}

const inboxScene = (drops: Drops, ends: Ends, marker = ''): Scene => ({
  prepare: (place) => drop(place, drops),
  task: (_, hands) => inboxTask(hands, marker),
  prepareFresh: (place) => drop(place, { fresh: 'fresh', ...(marker !== '' && { [`fresh${marker}`]: '' }) }),
  problems: (place, hands) => inboxProblems(place, hands, ends),
});

/** The sender puts a new file in the place of one that is just being claimed: before this call. */
const replacedBefore = (name: 'link' | 'rename'): Scene => ({
  ...inboxScene({ good: 'one' }, { loaded: [] }),
  meanwhile: (place, call) => {
    const replaced = join(place.folder, 'replaced');
    if (call.name !== name || existsSync(replaced)) return undefined;
    writeFileSync(replaced, 'two');
    linkSync(replaced, join(place.folder, 'new'));
    renameSync(join(place.folder, 'new'), inboxAt(place, 'in', 'good'));
    return inboxAt(place, 'in', 'good');
  },
  problems: (place, hands) => {
    const wasReplaced = existsSync(join(place.folder, 'replaced'));
    const ends = wasReplaced ? { loaded: ['fresh', 'two'], perhaps: ['one'] } : { loaded: ['fresh', 'one'] };
    return inboxProblems(place, hands, ends);
  },
});

/** Where a sender on another host keeps what he was not told to have come. */
const unsent = (place: Place, ...path: string[]): string => join(place.folder, 'unsent', ...path);

function keepToSend(place: Place, files: Drops): Promise<void> {
  mkdirSync(unsent(place), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(unsent(place, name), text);
  return Promise.resolve();
}

/** The sender posts what he has until he is told that it has come; the product receives it, and loads it. */
async function postAll(place: Place, { inbox }: Hands): Promise<void> {
  for (const name of readdirSync(unsent(place))) {
    const upload = await writeUpload(inbox, contentOf(readFileSync(unsent(place, name))).pieces());
    try {
      if ((await admit(inbox, name, upload)) === 'name taken') throw new Error(`${name} is taken`);
    } finally {
      await removeName(upload.path);
    }
    rmSync(unsent(place, name));
  }
}

const postedScene: Scene = {
  prepare: (place) => keepToSend(place, { good: 'one' }),
  task: (place, hands) => {
    const inbox = inboxTask(hands);
    return {
      name: 'endpoint and inbox',
      step: async (stop) => {
        await postAll(place, hands);
        return inbox.step(stop);
      },
    };
  },
  prepareFresh: (place) => keepToSend(place, { fresh: 'fresh' }),
  problems: (place, hands) => inboxProblems(place, hands, { loaded: ['fresh', 'one'] }),
};

async function inboxProblems(place: Place, { db, inbox }: Hands, ends: Ends): Promise<string[]> {
  const problems = new Problems();
  const { loaded, rejected = [], markers = [], perhaps = [] } = ends;
  const files = await finalFiles(inbox);
  const textsIn = (folder: string): string[] =>
    files.filter((file) => file.folder === folder).map(({ content }) => content);
  const seen = perhaps.filter((text) => textsIn('done').includes(text));
  problems.unequal('done/', textsIn('done'), [...loaded, ...markers, ...seen]);
  problems.unequal('rejected/', textsIn('rejected'), rejected);
  problems.unequal('hold/', textsIn('hold'), []);
  problems.unequal('the store', await loadedTexts(db), [...loaded, ...seen]);
  for (const folder of ['in', 'work', 'tmp'] as const) {
    problems.unequal(`${folder}/`, await filesUnder(inbox.folders[folder]), []);
  }
  const rows = await ledger(db);
  const placed = files.filter(({ content }) => !markers.includes(content));
  const places = placed.map(({ folder, path }) => `${inboxName}/${folder}/${path}`);
  problems.unequal(
    'places',
    rows.map((row) => row.place),
    places,
  );
  for (const row of rows) {
    if (row.moved_at === null) problems.add(`delivery ${row.id} is ${row.state} and was not moved`);
    if (row.state === 'rejected') problems.unequal('its reason', [reasonOf(place, row)], [row.fault_code]);
  }
  return problems.found;
}

function reasonOf(place: Place, row: Delivery): unknown {
  try {
    const text = readFileSync(join(place.spool, `${row.place ?? ''}.reason.json`), 'utf8');
    return (JSON.parse(text) as { code: unknown }).code;
  } catch (error) {
    return String(error);
  }
}

const outbox = 'provider/apple/outbound';

const queue = ({ db, clock }: Hands, name: string): Promise<void> =>
  queuePublication(
    db,
    {
      folder: outbox,
      name,
      purpose: 'generic-request',
      content: `content of ${name}`,
      batchId: null,
      providerRequestId: null,
    },
    clock.now(),
  );

/** Documents that are published. Sealing gives other bytes each time, as encryption does. */
const publisherScene = (...names: string[]): Scene => ({
  prepare: async (place, hands) => {
    mkdirSync(join(place.spool, outbox), { recursive: true });
    for (const name of names) await queue(hands, name);
  },
  task: (place, { db, inbox, clock }) =>
    new Publisher('publisher', {
      spool: place.spool,
      db,
      worker: inbox.worker,
      lease: inbox.lease,
      clock,
      emit: inbox.emit,
      purposes: ['generic-request'],
      seal: (row) => Promise.resolve(Buffer.from(`${randomUUID()} ${row.content ?? ''}`)),
      onPublished: async (trx, rows) => {
        for (const { name } of rows) {
          const entry = { who: 'test', action: 'published', subject: name };
          await recordAudit(trx, { ...entry, reason: null, before: null, after: null }, clock.now());
        }
      },
    }),
  prepareFresh: (_, hands) => queue(hands, 'fresh'),
  problems: async (place, { db }) => {
    const problems = new Problems();
    const folder = join(place.spool, outbox);
    problems.unequal('published', readdirSync(folder), [...names, 'fresh']);
    for (const row of await ledger(db)) {
      problems.unequal(row.name, [row.state, row.place], ['done', `${outbox}/${row.name}`]);
      problems.unequal(`digest of ${row.name}`, [digestOf(join(folder, row.name))], [row.digest]);
      problems.unequal(`notes of ${row.name}`, [(await auditOf(db, row.name)).length], [1]);
    }
    return problems.found;
  },
});

const digestOf = (path: string): string =>
  existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'no such file';

/** What was found to be wrong. */
class Problems {
  readonly found: string[] = [];

  add(problem: string): void {
    this.found.push(problem);
  }

  /** The same things in any order. */
  unequal(what: string, found: readonly unknown[], expected: readonly unknown[]): void {
    const [one, other] = [found, expected].map((list) => JSON.stringify([...list].sort()));
    if (one !== other) this.add(`${what}: ${one ?? ''}, expected ${other ?? ''}`);
  }
}

export const scenes: Readonly<Record<string, Scene>> = {
  /** A good file, a bad one, and one whose content came before under another name. */
  'three files': inboxScene(
    { good: 'one', bad: 'two', same: 'one' },
    { loaded: ['fresh', 'one'], rejected: ['one', 'two'] },
  ),
  'a good file': inboxScene({ good: 'one' }, { loaded: ['fresh', 'one'] }),
  'a bad file': inboxScene({ bad: 'two' }, { loaded: ['fresh'], rejected: ['two'] }),
  'a file with its marker': inboxScene(
    { good: 'one', 'good.ok': '' },
    { loaded: ['fresh', 'one'], markers: ['', ''] },
    '.ok',
  ),
  'a file that is replaced before the link': replacedBefore('link'),
  'a file that is replaced before the rename': replacedBefore('rename'),
  'a document': publisherScene('document'),
  'documents side by side': publisherScene('one', 'two', 'three'),
  'a posted file': postedScene,
};

/** @throws Error */
export function sceneOf(name: string): Scene {
  const scene = scenes[name];
  if (scene === undefined) throw new Error(`there is no scene ${name}`);
  return scene;
}
