import type { AskedRequest, RequestedDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { canary } from '../documents.ts';
import { jsonReplies, plain, type Replies } from './good-reply.ts';

/** The status of a batch, its devices, and records of what has no body. */

const theirs = 'beba2053-0000-4000-8000-7e841ed78fbf';
const tenant = '0a1b2c3d-0000-4000-8000-00000000aa01';

const results = {
  done: { status: 'finished', errorCode: 0 },
  failed: { status: 'finished_with_errors', errorCode: 808, errorDescription: `no ${canary}` },
  open: { status: 'processing' },
};

const namesOf = ({ providerDeviceId }: RequestedDevice) => ({
  serialNumber: providerDeviceId,
  deviceId: `guid ${providerDeviceId}`,
});

const statuses = (asked: AskedRequest) =>
  jsonReplies(
    (device, fate) => ({ ...namesOf(device), ...results[fate] }),
    (records) => ({
      batchTrackingId: theirs,
      status: 'finished_with_errors',
      devicesStatus: asked.orders.flatMap(records),
    }),
  );

/** That a device is not listed is no record of it. */
const devices = (asked: AskedRequest) => {
  const all = asked.orders.flatMap((order) => order.devices);
  return [all, all.slice(0, 1), []].flatMap((listed) => {
    const items = listed.map((device) => ({ id: `guid ${device.providerDeviceId}`, ...namesOf(device) }));
    return plain({ totalCount: items.length, items, links: {} });
  });
};

const isDeletion = ({ message }: AskedRequest): boolean => message.method === 'DELETE';

export const autopilotReplies: Replies = {
  theirs: () => theirs,
  to: (asked, of) => {
    const refused = plain(
      ...[
        { code: '900', description: `no ${canary}` },
        { code: 60003, description: canary },
        { status: 429 },
        { code: '1000', description: canary },
      ],
    );
    if (of === 'reconciliation') return [...devices(asked), ...refused];
    const located = { status: 202, location: `/v1/customers/${tenant}/batchJobStatus/${theirs}` };
    const receipts = isDeletion(asked) ? [{ status: 204 }] : [located];
    return [...statuses(asked), ...plain(...receipts), ...refused];
  },
  success: (asked, of) => (of === 'reconciliation' || isDeletion(asked) ? null : /finished(?!_with)/i),
  nameOf: (device, asked) => (isDeletion(asked) ? null : device.providerDeviceId),
};
