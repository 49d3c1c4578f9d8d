import { Fault } from '../runtime/faults.ts';
import { auditOf } from '../store/audit.ts';
import { batchHistory } from '../store/batches.ts';
import { deliveriesOfBatches } from '../store/deliveries.ts';
import { deviceHistory, devicesById, type Device } from '../store/devices.ts';
import { requestsOfDevice } from '../store/enrolment-requests.ts';
import { listDispatches, requireOrder } from '../store/orders.ts';
import { transactionsOfDevice } from '../store/request-lists.ts';
import type { Db } from '../store/tables.ts';
import { eventsOf } from '../store/workflow-events.ts';

export interface StoryEntry {
  readonly at: string;
  readonly kind: 'order' | 'dispatch' | 'device' | 'batch' | 'file' | 'provider' | 'event' | 'operator';
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
 * @throws Fault NOT_FOUND
 */
export async function deviceStories(db: Db, deviceId: string): Promise<DeviceStory[]> {
  const devices = await devicesById(db, deviceId);
  if (devices.length === 0) throw new Fault('NOT_FOUND', `there is no device ${deviceId}`);
  return Promise.all(devices.map(async (device) => ({ device, entries: await entriesOf(db, device) })));
}

async function entriesOf(db: Db, device: Device): Promise<StoryEntry[]> {
  const history = await deviceHistory(db, device.id);
  const requests = await requestsOfDevice(db, device.id);
  const transactions = await transactionsOfDevice(db, device.order_id, device.device_id);
  const batches = [
    ...new Set([
      ...history.flatMap((row) => row.batch_id ?? []),
      ...requests.map((request) => request.batch_id),
      ...transactions.map((transaction) => transaction.batch_id),
    ]),
  ];
  const parts = await Promise.all([
    orderEntries(db, device),
    batchEntries(db, batches),
    fileEntries(db, batches),
    eventEntries(db, device),
    operatorEntries(db, device),
  ]);
  const entries = [
    ...parts.flat(),
    ...history.map((row): StoryEntry => ({
      at: row.at,
      kind: 'device',
      text: withNote(row.status, row.note),
    })),
    ...transactions.flatMap(transactionEntries),
  ];
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

const withNote = (text: string, note: string | null): string => (note === null ? text : `${text} (${note})`);

async function orderEntries(db: Db, device: Device): Promise<StoryEntry[]> {
  const order = await requireOrder(db, device.order_id);
  const dispatches = await listDispatches(db, device.order_id);
  return [
    { at: order.created_at, kind: 'order', text: withNote(`order ${order.id} entered`, order.customer) },
    ...dispatches
      .filter((dispatch) => dispatch.id === device.dispatch_id)
      .map(({ dispatched_at: at, delivery_number: number, warehouse_id: warehouse }): StoryEntry => {
        return { at, kind: 'dispatch', text: `delivery ${number} left ${warehouse}` };
      }),
  ];
}

async function batchEntries(db: Db, ids: readonly number[]): Promise<StoryEntry[]> {
  const histories = await Promise.all(ids.map((id) => batchHistory(db, id)));
  return histories.flat().map((row) => ({
    at: row.at,
    kind: 'batch',
    text: withNote(`batch ${row.batch_id}: ${row.stage} · ${row.status}`, row.note),
  }));
}

async function fileEntries(db: Db, batches: readonly number[]): Promise<StoryEntry[]> {
  const files = await deliveriesOfBatches(db, batches);
  const taken = new Set(files.filter((file) => file.direction === 'in').map((file) => file.name));
  // One answer of a provider makes a response for each order: only this order's was loaded into a batch of the device.
  const own = files.filter((file) => file.purpose !== 'generic-response' || taken.has(file.name));
  return own.map((file) => ({
    at: file.settled_at ?? file.seen_at,
    kind: 'file',
    text:
      file.direction === 'in'
        ? `${file.name} taken from ${file.folder}: ${file.state}`
        : `${file.name} to ${file.folder}: ${file.state === 'done' ? 'published' : file.state}`,
  }));
}

type Transaction = Awaited<ReturnType<typeof transactionsOfDevice>>[number];

function transactionEntries(row: Transaction): StoryEntry[] {
  const name = `transaction ${row.transaction_id} at ${row.provider_id}`;
  const steps: [string | null, string][] = [
    [row.created_at, `queued as ${row.provider_device_id}`],
    [row.sent_at, 'sent'],
    [row.accepted_at, `accepted as ${row.provider_transaction_id ?? ''}`],
    [row.finished_at, `${row.state}, this device: ${row.outcome}`],
  ];
  return steps.flatMap(([at, text]) =>
    at === null ? [] : [{ at, kind: 'provider', text: `${name}: ${text}` }],
  );
}

async function eventEntries(db: Db, device: Device): Promise<StoryEntry[]> {
  const events = await eventsOf(db, device.order_id);
  return events.map((event) => ({
    at: event.created_at,
    kind: 'event',
    text: `${event.event_type}/${event.event_code}: ${event.notes}`,
  }));
}

async function operatorEntries(db: Db, device: Device): Promise<StoryEntry[]> {
  const rows = await Promise.all([
    auditOf(db, `device ${device.device_id}`),
    auditOf(db, `order ${device.order_id}`),
  ]);
  return rows.flat().map((row) => ({
    at: row.at,
    kind: 'operator',
    text: withNote(`${row.who}: ${row.action}`, row.reason),
  }));
}
