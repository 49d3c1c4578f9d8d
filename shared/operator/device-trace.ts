import { stagesOfDevice, statusesOfDevice } from '../store/device-story.ts';
import type { Device } from '../store/devices.ts';
import { transactionsOfDevice } from '../store/request-lists.ts';
import type { Db } from '../store/tables.ts';
import { deviceStories, type DeviceStory } from './device-story.ts';
import type { Span, Trace } from './otlp.ts';

/**
 * The journey of a device as a trace, made from what the store has kept of it: nothing has to be recorded beforehand. Below
 * the whole journey stand the statuses of the device, its batches, and the transactions with its provider.
 *
 * @returns one trace for each sale of the device, newest first
 * @throws Fault NOT_FOUND
 */
export async function deviceTraces(db: Db, deviceId: string): Promise<Trace[]> {
  const stories = await deviceStories(db, deviceId);
  return Promise.all(
    stories.map(async (story) => {
      const { device } = story;
      const spans = [
        ...(await statusSpans(db, device)),
        ...(await batchSpans(db, device)),
        ...(await providerSpans(db, device)),
      ].sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
      return {
        key: `${device.id} ${device.device_id} ${device.order_id}`,
        spans: [journey(story, spans), ...spans],
      };
    }),
  );
}

/** What has no span of its own is an event of the journey. */
const told = ['order', 'dispatch', 'file', 'event', 'operator'];

function journey({ device, entries }: DeviceStory, spans: readonly Span[]): Span {
  const times = [...entries.map(({ at }) => at), ...spans.flatMap(({ from, to }) => [from, to])].sort();
  return {
    key: 'journey',
    name: `device ${device.device_id}`,
    isCall: false,
    from: times.at(0) ?? '',
    to: times.at(-1) ?? '',
    failed: device.status.endsWith('Failed'),
    attributes: {
      'device.id': device.device_id,
      'order.id': device.order_id,
      'device.status': device.status,
    },
    events: entries
      .filter(({ kind }) => told.includes(kind))
      .map(({ kind, at, text }) => ({ name: kind, at, attributes: { text } })),
  };
}

/** Each status lasts until the next one; the last one only began. */
async function statusSpans(db: Db, device: Device): Promise<Span[]> {
  const rows = (await statusesOfDevice(db, device, {})).reverse();
  return rows.map(({ id, at, status, note }, index) => ({
    key: `status ${id}`,
    name: `status ${status}`,
    isCall: false,
    from: at,
    to: rows[index + 1]?.at ?? at,
    failed: status.endsWith('Failed'),
    attributes: { 'device.status': status, ...(note !== null && { note }) },
    events: [],
  }));
}

async function batchSpans(db: Db, device: Device): Promise<Span[]> {
  const stages = (await stagesOfDevice(db, device, {})).reverse();
  return [...Map.groupBy(stages, (row) => row.batch_id)].map(([batch, rows]) => ({
    key: `batch ${batch}`,
    name: `batch ${batch}`,
    isCall: false,
    from: rows.at(0)?.at ?? '',
    to: rows.at(-1)?.at ?? '',
    failed: rows.at(-1)?.status === 'Error',
    attributes: { batch },
    events: rows.map(({ at, stage, status, note }) => ({
      name: `${stage} · ${status}`,
      at,
      attributes: note === null ? {} : { note },
    })),
  }));
}

async function providerSpans(db: Db, device: Device): Promise<Span[]> {
  const rows = await transactionsOfDevice(db, device.order_id, device.device_id);
  return rows.map((row) => {
    const steps = [
      { name: 'sent', at: row.sent_at },
      { name: 'accepted', at: row.accepted_at },
      { name: row.state, at: row.finished_at },
    ].flatMap(({ name, at }) => (at === null ? [] : [{ name, at, attributes: {} }]));
    return {
      key: `transaction ${row.id}`,
      name: `${row.provider_id} ${row.transaction_id}`,
      isCall: true,
      from: row.created_at,
      to: steps.at(-1)?.at ?? row.created_at,
      failed: row.outcome === 'failed',
      attributes: {
        provider: row.provider_id,
        transaction: row.transaction_id,
        'transaction.state': row.state,
        'device.outcome': row.outcome,
        ...(row.provider_transaction_id !== null && {
          'transaction.of_provider': row.provider_transaction_id,
        }),
      },
      events: steps,
    };
  });
}
