import type { AskedRequest } from '../../../daemons/adaptor/providers/provider-format.ts';
import { etisalatAnswer, telenorAnswer } from '../carriers.ts';
import { canary } from '../documents.ts';
import { jsonReplies, plain, type GoodReply, type Replies } from './good-reply.ts';

/** Apple's own JSON, and what carriers make of it. */

const theirs = 'tracking-0';
const statuses = { done: 'COMPLETE', failed: 'DEP-ERR-DE-4303', open: 'WAITING' };
const error = (errorCode: string) => ({ errorCode, errorMessage: `no ${canary}` });

/** @param level the status of the whole, of orders and deliveries; one that is complete says nothing of a device */
const results = (asked: AskedRequest, level: string) =>
  jsonReplies(
    ({ providerDeviceId }, fate) => ({
      deviceId: providerDeviceId,
      devicePostStatus: statuses[fate],
      devicePostStatusMessage: `no ${canary}`,
    }),
    (records) => ({
      deviceEnrollmentTransactionID: theirs,
      transactionId: asked.transactionId,
      statusCode: level,
      orders: asked.orders.map((order) => ({
        orderNumber: order.orderNumber,
        orderPostStatus: level,
        deliveries: [{ deliveryNumber: 'DN', deliveryPostStatus: level, devices: records(order) }],
      })),
    }),
  );

/** What stands there now: a device that is not listed has no record. */
const shown = (asked: AskedRequest, customerId: string): unknown[] =>
  [0, 1, 9].map((from) => ({
    statusCode: 'COMPLETE',
    orders: asked.orders.map(({ orderNumber, devices }) => ({
      orderNumber,
      customerId,
      deliveries: [
        {
          deliveryNumber: 'DN',
          devices: devices.slice(from).map((device) => ({ deviceId: device.providerDeviceId })),
        },
      ],
    })),
  }));

const gone = (asked: AskedRequest) => ({
  orders: asked.orders.map(({ orderNumber }) => ({
    orderNumber,
    showOrderStatusCode: 'DEP-ERR-5002',
    showOrderStatusMessage: canary,
  })),
});

const inJson: Replies['to'] = (asked, of) => {
  switch (of) {
    case 'request':
      return plain(
        { deviceEnrollmentTransactionId: theirs, enrollDevicesResponse: { statusCode: 'SUCCESS' } },
        { ...error('DEP-ERR-3003'), transactionId: 'trace' },
        { enrollDeviceErrorResponse: [error('DEP-ERR-3001'), error('GRX-1056')] },
      );
    case 'query':
      return [
        ...results(asked, 'COMPLETE'),
        ...results(asked, 'POSTED_WITH_ERRORS'),
        ...plain(
          { checkTransactionErrorResponse: [error('DEP-ERR-4003')] },
          { checkTransactionErrorResponse: error('DEP-ERR-4005') },
        ),
      ];
    case 'reconciliation':
      return plain(
        ...[...shown(asked, '880011'), ...shown(asked, '5'), gone(asked)],
        { showOrderErrorResponse: error('DEP-ERR-5002') },
        error('GRX-90004'),
      );
  }
};

export const appleReplies: Replies = {
  theirs: () => theirs,
  to: inJson,
  success: (_asked, of) => (of === 'reconciliation' ? null : /COMPLETE/),
  nameOf: (device) => device.providerDeviceId,
};

/** The same in the XML of carriers; what is written of a device is another text then. */
const inXml: Replies['to'] = (asked, of) => [
  ...inJson(asked, of).flatMap(({ body }): GoodReply[] =>
    body.kind === 'json'
      ? [{ body: { kind: 'xml', root: telenorAnswer(body.document as object) }, failed: [] }]
      : [],
  ),
  ...(of === 'request' ? [{ id: theirs }, { errors: 2 }, {}] : []).map((said): GoodReply => ({
    body: { kind: 'xml', root: etisalatAnswer(said) },
    failed: [],
  })),
];

export const carrierReplies: Replies = { ...appleReplies, to: inXml };
