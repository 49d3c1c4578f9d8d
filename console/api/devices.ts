import { z } from 'zod';

import { deviceStories, type StoryEntry } from '../../shared/operator/device-story.ts';
import { unenrolDevices } from '../../shared/operator/order-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { devicesById, listDevices, type Device } from '../../shared/store/devices.ts';
import { deviceStatuses } from '../../shared/store/states/device.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, line, listOf, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';

/** Devices, as often as they were sold. */

export const device = answer('Device', {
  deviceId: z.string(),
  order: z.string(),
  line: z.int(),
  provider: z.string().nullable().describe('Null: needs no enrolment.'),
  status: z.enum(deviceStatuses),
  serialNumber: z.string().nullable(),
  imei: z.string().nullable(),
  imei2: z.string().nullable(),
  meid: z.string().nullable(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  assetTag: z.string().nullable(),
  productId: z.string().nullable(),
  createdAt: time,
  updatedAt: time.describe('Since when it has its status.'),
});

export const toDevice = (row: Device): z.input<typeof device> => ({
  deviceId: row.device_id,
  order: row.order_id,
  line: row.line_number,
  provider: row.provider_id,
  status: row.status,
  serialNumber: row.serial_number,
  imei: row.imei,
  imei2: row.imei2,
  meid: row.meid,
  manufacturer: row.manufacturer,
  model: row.model,
  assetTag: row.asset_tag,
  productId: row.product_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const deviceList = listOf('DeviceList', device);

const kinds = [
  'order',
  'dispatch',
  'device',
  'batch',
  'file',
  'provider',
  'event',
  'operator',
] as const satisfies readonly StoryEntry['kind'][];

/** A story may be long without an end. */
const entriesTold = 500;

const story = answer('DeviceStory', {
  device,
  entries: z
    .array(answer('DeviceStoryEntry', { at: time, kind: z.enum(kinds), text: z.string() }))
    .describe(`What happened to it, oldest first; of a longer story the newest ${entriesTold}.`),
});

const params = { device: line().describe('Device id, serial number or IMEI.') };

export const deviceEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/devices',
    id: 'searchDevices',
    role: 'viewer',
    summary: 'Devices by number or status, newest first',
    description: 'Needs q or status, and not both. Numbers are looked for whole, as they were written.',
    query: {
      ...newestFirst,
      q: line().optional().describe('Device id, serial number, IMEI, order or purchase order.'),
      status: z.enum(deviceStatuses).optional(),
    },
    response: deviceList,
    run: async ({ db }, asked) => {
      const { q, status, ...page } = fetched(asked.query);
      if ((q === undefined) === (status === undefined)) {
        throw new Fault('BAD_INPUT', 'either q or status is needed');
      }
      const by = status === undefined ? { text: q ?? '' } : { status };
      // The key is the number of the row, which only the store has.
      return partOf(asked, await listDevices(db, { ...page, ...by }), toDevice, (row) => ({
        before: row.id,
      }));
    },
  }),
  lookup({
    path: '/devices/:device',
    id: 'getDevice',
    role: 'viewer',
    summary: 'The whole story of a device, of each of its sales, newest first',
    params,
    response: answer('DeviceStories', { stories: z.array(story) }),
    run: async ({ db }, asked) => {
      const stories = await deviceStories(db, asked.params.device, entriesTold);
      return {
        stories: stories.map(({ device: row, entries }) => ({
          device: toDevice(row),
          entries: entries.map(({ at, kind, text }) => ({ at, kind, text })),
        })),
      };
    },
  }),
  change({
    path: '/devices/:device/unenrol',
    id: 'unenrolDevice',
    role: 'operator',
    summary: 'Give a device back to nobody',
    description: 'The next run of the request job asks its provider to take it out of the organisation.',
    params,
    response: device,
    run: async ({ db }, operator, asked) => {
      await unenrolDevices(db, operator, [asked.params.device]);
      const [newest] = await devicesById(db, asked.params.device);
      if (newest === undefined) throw new Fault('NOT_FOUND', `there is no device ${asked.params.device}`);
      return toDevice(newest);
    },
  }),
];
