import { statfs } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { inboxOf } from '../../shared/daemon/inboxes.ts';
import { fixedKeys, openKeyRing } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { ownKeyIds } from '../../shared/pgp/list-keys.ts';
import { formOf } from '../../shared/pgp/open-stream.ts';
import { type Opened, type OpenPolicy } from '../../shared/pgp/open.ts';
import { PgpThreads } from '../../shared/pgp/threads.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { errnoOf, Fault, toFault } from '../../shared/runtime/faults.ts';
import { keysFolder } from '../../shared/runtime/paths.ts';
import { matchesPattern } from '../../shared/runtime/patterns.ts';
import { checkCompanion, isMarkerOf, noteCompanion } from '../../shared/spool/companion.ts';
import { withOwner } from '../../shared/spool/access.ts';
import { markOf } from '../../shared/spool/files.ts';
import { identityOf } from '../../shared/spool/identity.ts';
import { isAllowedName, nameBytes, showName } from '../../shared/spool/names.ts';
import { quietSecondsOn } from '../../shared/spool/network.ts';
import { OpenedFile, type ReceivedFile } from '../../shared/spool/received-file.ts';
import { deliveryAt, doneBefore, type Delivery } from '../../shared/store/deliveries.ts';
import { listPauses } from '../../shared/store/intake-pauses.ts';
import { Lease } from '../../shared/store/lease.ts';
import type { Db } from '../../shared/store/tables.ts';
import { fateOf, note, passed, stops, type Explanation, type Fate, type Step } from './explanation.ts';
import { findInbox } from './find-inbox.ts';
import { playThrough, type Played } from './play-through.ts';

/** What ends an explanation: nothing behind it counts any more. */
class Stop extends Error {
  readonly step: Step;
  readonly fate: Fate;

  constructor(step: Step, fate: Fate) {
    super(step.says);
    this.step = step;
    this.fate = fate;
  }
}

/**
 * What the product would do with a file if it found it now, and why. By the product's own code; what it writes is rolled
 * back, and no file is touched.
 *
 * @param named the inbox, where neither folder nor name tells
 * @throws Fault BAD_INPUT, NOT_FOUND, KEY_…, STORE_…
 */
export async function explainFile(
  loaded: LoadedConfig,
  db: Db,
  file: string,
  named?: string,
): Promise<Explanation> {
  const path = resolve(file);
  if ((await markOf(path).catch(notThere)) === undefined)
    throw new Fault('NOT_FOUND', `there is no file ${path}`);
  const { inbox, says, place } = await findInbox(loaded, path, named);
  const policy = inboxOf(loaded.config, inbox);
  const steps: Step[] = [passed('inbox', says)];
  const row = place === undefined ? undefined : await deliveryAt(db, place);
  if (row !== undefined) steps.push(note('ledger', standing(row)));
  const known = { file: path, inbox, steps };
  try {
    await lookAtOutside(
      db,
      { path, inbox, policy, row, inFolder: place === `${inbox}/in/${basename(path)}` },
      steps,
    );
    await using opened = await open(path, policy);
    const received = await inspect(db, opened, { path, inbox, policy, row }, steps);
    const played = await lookInside(loaded, db, inbox, policy, received, steps);
    if (played.fault)
      return { ...known, ...refusal(steps, 'content', played.fault), consequences: played.consequences };
    steps.push(passed('content', `${played.summary}.`));
    return { ...known, fate: 'processed', fault: null, consequences: played.consequences };
  } catch (thrown) {
    if (thrown instanceof Stop) {
      steps.push(thrown.step);
      return { ...known, fate: thrown.fate, fault: null, consequences: [] };
    }
    const fault = toFault(thrown);
    if (fault.class === 'environment' || fault.class === 'bug') throw fault;
    return { ...known, ...refusal(steps, 'file', fault), consequences: [] };
  }
}

const notThere = (error: unknown): undefined => {
  if (errnoOf(error) === 'ENOTDIR') return undefined;
  throw error;
};

function refusal(steps: Step[], step: string, fault: Fault): Pick<Explanation, 'fate' | 'fault'> {
  const { code, detail, action } = fault;
  steps.push(stops(step, `${code}: ${detail}`));
  return { fate: fateOf(fault), fault: { code, detail, action } };
}

function standing({ id, state, fault_code: code, detail, settled_at: at }: Delivery): string {
  const why = code === null ? '' : `, ${code}${detail === null ? '' : `: ${detail}`}`;
  return `The ledger has it as file ${id}: ${state}${at === null ? '' : ` on ${at}`}${why}. What follows is true of it if it is tried now.`;
}

interface Looked {
  readonly path: string;
  readonly inbox: string;
  readonly policy: InboxConfig;
  readonly row: Delivery | undefined;
}

/** Name, marker, time, pauses. @throws Stop; Fault BAD_NAME, MANIFEST_MISMATCH */
async function lookAtOutside(
  db: Db,
  { path, inbox, policy, row, inFolder }: Looked & { readonly inFolder: boolean },
  steps: Step[],
): Promise<void> {
  const name = nameOf(path, row);
  const pattern = policy.ignore.find((each) => matchesPattern(name, each));
  if (pattern !== undefined)
    throw new Stop(stops('name', `Names like ${pattern} are somebody’s work in progress.`), 'left alone');
  if (isMarkerOf(policy, name))
    throw new Stop(
      stops('name', `It is the marker of ${name.slice(0, -policy.marker.length)}.`),
      'left alone',
    );
  if (!isAllowedName(nameBytes(name))) throw new Fault('BAD_NAME', `the name is ${name}`);
  steps.push(passed('name', `${name} is a name that is accepted.`));
  const pause = (await listPauses(db)).find(({ intake }) => intake === inbox);
  if (pause)
    steps.push(note('pause', `The intake is paused by ${pause.who}: ${pause.reason}. It waits until then.`));
  if (!inFolder) return;
  if (policy.marker !== '' && (await markOf(path + policy.marker)) === undefined)
    throw new Stop(stops('marker', `${name}${policy.marker} is missing: it is not taken before.`), 'waits');
  const age = (Date.now() - Number((await markOf(path))?.mtimeNs ?? 0) / 1e6) / 1000;
  const seconds = quietSecondsOn((await statfs(path)).type, policy.quietSeconds);
  const quiet = `It is taken when nothing of it has changed for ${seconds} s`;
  steps.push(note('quiet', `${quiet}; its time is ${Math.round(age)} s ago.`));
}

/** The name that the sender gave it: where that was taken, the file has a number behind it. */
const nameOf = (path: string, row: Delivery | undefined): string =>
  row?.name ?? showName(Buffer.from(basename(path)));

/** @throws Fault NOT_REGULAR, TOO_LARGE, SPOOL_PERMISSION */
async function open(path: string, policy: InboxConfig): Promise<OpenedFile> {
  try {
    return await OpenedFile.open(path, Math.floor(policy.maxFileMegabytes * 1024 * 1024));
  } catch (error) {
    throw await withOwner(error, path);
  }
}

/** Size, manifest, duplicate. @throws Fault EMPTY_FILE, MANIFEST_MISMATCH, DUPLICATE */
async function inspect(
  db: Db,
  opened: OpenedFile,
  { path, inbox, policy, row: known }: Looked,
  steps: Step[],
): Promise<ReceivedFile> {
  const { digest, size } = await opened.inspect();
  if (size === 0) throw new Fault('EMPTY_FILE', 'the file has no bytes');
  const name = nameOf(path, known);
  const row = { ...pretended(inbox, name), ...known, companion_json: await companionAt(path, policy, known) };
  steps.push(
    passed('size', `${size} bytes, of ${policy.maxFileMegabytes} MB that are allowed; SHA-256 ${digest}.`),
  );
  checkCompanion(row, { size, digest });
  const [earlier] = await doneBefore(db, inbox, [identityOf({ ...row, digest }, policy.duplicate)]);
  if (earlier !== undefined) {
    const { name: first, seen_at: seenAt, id } = earlier;
    throw new Fault('DUPLICATE', `the same bytes came as ${first} on ${seenAt} (delivery ${id})`);
  }
  steps.push(passed('duplicate', `Nothing like it was processed from ${inbox} before.`));
  const { inMemory } = opened;
  return { name, delivery: row, digest, size, inMemory, pieces: () => opened.pieces() };
}

/** What is noted of a marker or manifest when its file is claimed. */
async function companionAt(
  path: string,
  { marker }: InboxConfig,
  row: Delivery | undefined,
): Promise<string | null> {
  if (row?.companion_json) return row.companion_json;
  if (marker === '') return null;
  const beside = Buffer.from(path + marker);
  const mark = await markOf(beside);
  const noted = mark && (await noteCompanion({ path: beside, suffix: marker, mark }));
  return noted === undefined ? null : JSON.stringify(noted);
}

/** A row as the ledger would have it. */
const pretended = (folder: string, name: string): Delivery => ({
  ...{ id: 0, direction: 'in', folder, name, state: 'claimed', attempts: 1, crashes: 0 },
  ...{ dev: null, inode: null, size: null, mtime_ns: null, digest: null, identity: null, place: null },
  ...{ fault_code: null, detail: null, next_try_at: null, worker_id: null, batch_id: null },
  ...{
    provider_request_id: null,
    purpose: null,
    content: null,
    seen_at: '',
    settled_at: null,
    moved_at: null,
  },
  ...{ companion_json: null, reload: null, removed_at: null, removed_by: null, removed_mark: null },
});

/** Threads that remember what was said of the last message. */
class NotingThreads extends PgpThreads {
  last: Opened | undefined;

  override async open(bytes: Uint8Array, policy: OpenPolicy, now: Date): Promise<Opened> {
    this.last = await super.open(bytes, policy, now);
    return this.last;
  }
}

/** Envelope, keys, and what the daemon decides. */
async function lookInside(
  loaded: LoadedConfig,
  db: Db,
  inbox: Explanation['inbox'],
  policy: InboxConfig,
  file: ReceivedFile,
  steps: Step[],
): Promise<Played> {
  const taken = inbox as Parameters<typeof playThrough>[2];
  const pgp = new NotingThreads(
    await openKeyRing(loaded, policy.encryption === 'none' ? [] : policy.signedBy),
  );
  const keys = fixedKeys(pgp.ring, pgp);
  const runtime = pretendedRuntime(loaded, db);
  try {
    const form = await envelopeOf(loaded, file);
    steps.push(note('form', form ?? 'It is not sealed.'));
    const played = await playThrough(runtime, keys, taken, policy, file);
    if (pgp.last) steps.push(passed('seal', sealOf(pgp.last)));
    else if (policy.encryption === 'none') steps.push(passed('seal', 'Files of this inbox are plain.'));
    if (played.fault?.code !== 'NOT_ENCRYPTED') return played;
    const sealed = await playThrough(runtime, keys, taken, { ...policy, encryption: 'none' }, file);
    const were = sealed.fault ? sealed.fault.message : `${sealed.summary}. ${sealed.consequences.join(' ')}`;
    steps.push(note('were it sealed', were));
    return played;
  } finally {
    await pgp.close();
  }
}

function sealOf({ signer, decryptedWith, retiredKey }: Opened): string {
  const by = signer === null ? 'not signed' : `signed by ${signer.party}, key ${signer.fingerprint}`;
  return `It opens with our key ${decryptedWith}${retiredKey ? ', which is not the current one' : ''}; ${by}.`;
}

/** Undefined: it is no OpenPGP message. @throws Fault of the disk */
async function envelopeOf(loaded: LoadedConfig, file: ReceivedFile): Promise<string | undefined> {
  try {
    const { protection, recipients } = await formOf(() => file.pieces());
    const own = await ownKeyIds(keysFolder(loaded));
    const to = recipients.map((id) => (id === null ? 'hidden' : `${id}${own.has(id) ? ' (ours)' : ''}`));
    return `It is sealed, protected by ${protection}, for ${to.join(', ')}.`;
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code === 'NOT_ENCRYPTED') return undefined;
    if (fault.class === 'permanent') return `It looks sealed: ${fault.message}`;
    throw fault;
  }
}

/** A process that is in no ledger, holds nothing, and tells nobody. */
function pretendedRuntime(loaded: LoadedConfig, db: Db): Runtime {
  const worker = { id: 0, actor: 'explain' };
  const seconds = loaded.config.store.leaseSeconds;
  return {
    loaded,
    db,
    worker,
    lease: new Lease({ db, worker, clock: systemClock, seconds }),
    clock: systemClock,
    emit: () => undefined,
  };
}
