import type { AskedRequest, RequestedDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { canary } from '../documents.ts';
import { jsonReplies, plain, type Replies } from './good-reply.ts';

/** Operations, the devices that a question finds, and what Google refuses. */

const identifierOf = ({ providerDeviceId }: RequestedDevice): object => {
  const [kind = '', rest = ''] = providerDeviceId.split(/:(.*)/s);
  const [serialNumber, manufacturer, model] = rest.split('/');
  return kind === 'serial' ? { serialNumber, manufacturer, model } : { [kind]: rest };
};

const name = 'operations/theirs';
const zeroTouch = { sectionType: 'SECTION_TYPE_ZERO_TOUCH', ownerCompanyId: '880011' };
const results = {
  done: { status: 'SINGLE_DEVICE_STATUS_SUCCESS', deviceId: '77' },
  failed: {
    status: 'SINGLE_DEVICE_STATUS_OTHER_ERROR',
    errorIdentifier: 'INVALID_DEVICE_IDENTIFIER',
    errorMessage: `no ${canary}`,
  },
  open: { status: 'SINGLE_DEVICE_STATUS_UNSPECIFIED' },
};

const refused = (status: string, ...codes: string[]) => ({
  error: {
    code: 400,
    message: `no ${canary}`,
    status,
    details: codes.map((code) => ({ '@type': 'type.googleapis.com/x', code })),
  },
});

const operations = (asked: AskedRequest) =>
  jsonReplies(
    (device, fate) => ({
      [asked.message.stem]: { deviceIdentifier: identifierOf(device) },
      result: results[fate],
    }),
    (records) => ({
      name,
      done: true,
      metadata: { processingStatus: 'BATCH_PROCESS_PROCESSED', progress: 100 },
      response: { perDeviceStatus: asked.orders.flatMap(records) },
    }),
  );

const found = (asked: AskedRequest) =>
  jsonReplies(
    (device, fate) => ({
      deviceId: '77',
      deviceIdentifier: identifierOf(device),
      claims: fate === 'done' ? [zeroTouch] : [],
    }),
    (records) => ({ devices: asked.orders.flatMap(records), totalSize: 1 }),
  );

export const googleReplies: Replies = {
  theirs: () => name,
  to: (asked, of) => {
    const errors = plain(
      refused('INVALID_ARGUMENT', 'INVALID_CUSTOMER'),
      refused('NOT_FOUND'),
      refused('UNAVAILABLE'),
    );
    if (of === 'reconciliation') {
      // Found without a claim is no failure: another question may have been meant.
      return [...found(asked).map(({ body }) => ({ body, failed: [] })), ...plain({}), ...errors];
    }
    return [
      ...operations(asked),
      ...plain({ name }, { name, metadata: { processingStatus: 'BATCH_PROCESS_PENDING' } }),
      ...errors,
    ];
  },
  success: (_asked, of) => (of === 'reconciliation' ? null : /SUCCESS/i),
  nameOf: () => null,
};
