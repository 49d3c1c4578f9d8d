import { Fault } from '../runtime/faults.ts';
import {
  actionsOnDevice,
  eventsOfDevice,
  filesOfDevice,
  stagesOfDevice,
  statusesOfDevice,
  type StoryPage,
} from '../store/device-story.ts';
import { devicesById, type Device } from '../store/devices.ts';
import { dispatchOf, requireOrder } from '../store/orders.ts';
import { transactionsOfDevice } from '../store/request-lists.ts';
import type { Db } from '../store/tables.ts';

/** Of entries of the same time, those of the first kind come first. */
const kinds = ['order', 'dispatch', 'batch', 'file', 'event', 'operator', 'device', 'provider'] as const;

export interface StoryEntry {
  readonly at: string;
  readonly kind: (typeof kinds)[number];
  readonly text: string;
}

export interface DeviceStory {
  readonly device: Device;
  /** Oldest first. */
  readonly entries: readonly StoryEntry[];
}

/**
 * Everything that happened to a device, in one place: order, dispatch, statuses, batches, files, provider transactions,
 * events and operators' actions. A device that was sold twice has a story for each sale, newest first.
 *
 * @param limit of a longer story the newest so many entries; without it all there are
 * @throws Fault NOT_FOUND
 */
export async function deviceStories(db: Db, deviceId: string, limit?: number): Promise<DeviceStory[]> {
  const part = limit === undefined ? {} : { limit };
  const devices = await devicesById(db, deviceId);
  if (devices.length === 0) throw new Fault('NOT_FOUND', `there is no device ${deviceId}`);
  return Promise.all(
    devices.map(async (device) => ({ device, entries: (await storyPart(db, device, part)).entries })),
  );
}

export interface StoryPart {
  /** Oldest first. */
  readonly entries: readonly StoryEntry[];
  /** Where the part before this one ends, if there is more. */
  readonly older: string | undefined;
}

/**
 * The newest entries of a story, or those before a place in it, however long the story is.
 *
 * @param before as `older` of another part said
 * @throws Fault BAD_INPUT
 */
export async function storyPart(
  db: Db,
  device: Device,
  { before, limit }: { readonly before?: string | undefined; readonly limit?: number },
): Promise<StoryPart> {
  const place = before === undefined ? undefined : placeOf(before);
  const page = (kind: StoryEntry['kind']): StoryPage => ({
    before: place && { at: place.at, id: lowestId(kind, place) },
    limit: limit === undefined ? undefined : limit + 1,
  });
  const parts = await Promise.all([
    orderEntries(db, device),
    dispatchEntries(db, device),
    batchEntries(db, device, page('batch')),
    fileEntries(db, device, page('file')),
    eventEntries(db, device, page('event')),
    operatorEntries(db, device, page('operator')),
    statusEntries(db, device, page('device')),
    providerEntries(db, device),
  ]);
  const entries = parts.flat().sort(byPlace);
  const older = place === undefined ? entries : entries.filter((entry) => byPlace(entry, place) < 0);
  const shown = limit === undefined ? older : older.slice(-limit);
  const [first] = shown;
  return {
    entries: shown.map(({ at, kind, text }) => ({ at, kind, text })),
    older:
      first !== undefined && shown.length < older.length
        ? `${first.at} ${first.kind} ${first.id}`
        : undefined,
  };
}

/** A place in the story: the time, the kind, and a number within it. */
interface Place {
  readonly at: string;
  readonly kind: StoryEntry['kind'];
  readonly id: number;
}

type Placed = StoryEntry & Place;

function byPlace(a: Place, b: Place): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.id - b.id;
}

/** Of the same time as the place, rows of this kind count whose number is lower. */
function lowestId(kind: StoryEntry['kind'], place: Place): number {
  if (kind === place.kind) return place.id;
  return kinds.indexOf(kind) < kinds.indexOf(place.kind) ? Number.MAX_SAFE_INTEGER : 0;
}

/** @throws Fault BAD_INPUT */
function placeOf(text: string): Place {
  const [, at, word, digits] = /^(\S{10,40}) ([a-z]+) (\d{1,15})$/.exec(text) ?? [];
  const kind = kinds.find((known) => known === word);
  if (at === undefined || kind === undefined)
    throw new Fault('BAD_INPUT', `${text} is no place in the story`);
  return { at, kind, id: Number(digits) };
}

const withNote = (text: string, note: string | null): string => (note === null ? text : `${text} (${note})`);

async function orderEntries(db: Db, device: Device): Promise<Placed[]> {
  const order = await requireOrder(db, device.order_id);
  const text = withNote(`order ${order.id} entered`, order.customer);
  return [{ at: order.created_at, kind: 'order', id: 0, text }];
}

async function dispatchEntries(db: Db, device: Device): Promise<Placed[]> {
  const { id, dispatched_at: at, ...dispatch } = await dispatchOf(db, device.dispatch_id);
  const text = `delivery ${dispatch.delivery_number} left ${dispatch.warehouse_id}`;
  return [{ at, kind: 'dispatch', id, text }];
}

async function statusEntries(db: Db, device: Device, page: StoryPage): Promise<Placed[]> {
  const rows = await statusesOfDevice(db, device, page);
  return rows.map(({ id, at, status, note }) => ({ id, at, kind: 'device', text: withNote(status, note) }));
}

async function batchEntries(db: Db, device: Device, page: StoryPage): Promise<Placed[]> {
  const rows = await stagesOfDevice(db, device, page);
  return rows.map(({ id, at, batch_id: batch, stage, status, note }) => ({
    id,
    at,
    kind: 'batch',
    text: withNote(`batch ${batch}: ${stage} · ${status}`, note),
  }));
}

async function fileEntries(db: Db, device: Device, page: StoryPage): Promise<Placed[]> {
  const files = await filesOfDevice(db, device, page);
  return files.map(({ id, at, name, folder, direction, state }) => ({
    id,
    at,
    kind: 'file',
    text:
      direction === 'in'
        ? `${name} taken from ${folder}: ${state}`
        : `${name} to ${folder}: ${state === 'done' ? 'published' : state}`,
  }));
}

async function eventEntries(db: Db, device: Device, page: StoryPage): Promise<Placed[]> {
  const events = await eventsOfDevice(db, device, page);
  return events.map(({ id, created_at: at, event_type: type, event_code: code, notes }) => ({
    id,
    at,
    kind: 'event',
    text: `${type}/${code}: ${notes}`,
  }));
}

async function operatorEntries(db: Db, device: Device, page: StoryPage): Promise<Placed[]> {
  const rows = await actionsOnDevice(db, device, page);
  return rows.map(({ id, at, who, action, reason }) => ({
    id,
    at,
    kind: 'operator',
    text: withNote(`${who}: ${action}`, reason),
  }));
}

/** A transaction has an entry for each of its steps. */
async function providerEntries(db: Db, device: Device): Promise<Placed[]> {
  const transactions = await transactionsOfDevice(db, device.order_id, device.device_id);
  return transactions.flatMap((row) => {
    const name = `transaction ${row.transaction_id} at ${row.provider_id}`;
    const steps: [string | null, string][] = [
      [row.created_at, `queued as ${row.provider_device_id}`],
      [row.sent_at, 'sent'],
      [row.accepted_at, `accepted as ${row.provider_transaction_id ?? ''}`],
      [row.finished_at, `${row.state}, this device: ${row.outcome}`],
    ];
    return steps.flatMap(([at, text], step): Placed[] =>
      at === null
        ? []
        : [{ at, kind: 'provider', id: row.id * steps.length + step, text: `${name}: ${text}` }],
    );
  });
}
