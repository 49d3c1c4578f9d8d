import { describe, expect, test } from '@jest/globals';

import type { ProviderFormat } from '../../../daemons/adaptor/providers/provider-format.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { asked, documentOf, formatWith, minimal, nothingEnrolled, orderOf } from './examples.ts';

const ids = ['half-1', 'half-2'] as const;
const device = (serialNumber: string) => ({ serialNumber });

/** What is written for a document, with another transaction id in it. */
function written(format: ProviderFormat, orders: readonly RequestOrder[], id: string): string {
  const [request] = format.toRequests(documentOf(orders), nothingEnrolled).requests;
  if (!request) throw new Error('nothing is written');
  return request.message.content.replaceAll(request.transactionId, id);
}

const table = {
  ...minimal.csv,
  request: {
    ...minimal.csv.request,
    fields: [{ name: 'Batch', from: 'transactionId' }, ...minimal.csv.request.fields],
  },
};
const nested = {
  ...minimal.json,
  request: {
    ...minimal.json.request,
    orders: {
      at: 'body.orders',
      fields: [
        { name: 'number', from: 'orderNumber' },
        { name: 'batch', from: 'transactionId' },
      ],
    },
  },
};
const alone = {
  ...minimal.json,
  request: { ...minimal.json.request, orders: { at: '', fields: [{ name: 'number', from: 'orderNumber' }] } },
};

describe.each([
  ['csv', table],
  [
    'csv without header',
    { ...table, request: { ...table.request, header: false, lineEnd: 'lf', delimiter: 'tab' } },
  ],
  ['flat json', minimal.json],
  ['nested json', nested],
  ['json that is the order', alone],
  ['xml', minimal.xml],
])('halving a request in %s', (name, mapping) => {
  const format = formatWith(mapping);
  const halvesOf = (orders: readonly RequestOrder[]) => {
    const [request] = format.toRequests(documentOf(orders), nothingEnrolled).requests;
    if (!request) throw new Error('nothing to halve');
    return format.halve(asked(request), ids);
  };

  test('of one order: each half is what would have been written for its devices', () => {
    const serials = ['A,;|x', 'B<&>', 'C'].map(device).map((one, n) => ({ ...one, deviceId: `D${n}` }));
    const halves = halvesOf([orderOf(1, serials)]);
    expect(halves?.map(({ transactionId }) => transactionId)).toEqual(ids);
    expect(halves?.map(({ message }) => message.content)).toEqual([
      written(format, [orderOf(1, serials.slice(0, 2))], ids[0]),
      written(format, [orderOf(1, serials.slice(2))], ids[1]),
    ]);
    expect(
      halves?.map(({ orders }) => orders.map(({ devices }) => devices.map(({ deviceId }) => deviceId))),
    ).toEqual([[['D0', 'D1']], [['D2']]]);
  });

  if (name !== 'json that is the order') {
    test('of several orders: between two of them', () => {
      const orders = [1, 2, 3].map((id) => orderOf(id, [device(`A${id}`), device(`B${id}`)]));
      expect(halvesOf(orders)?.map(({ message }) => message.content)).toEqual([
        written(format, orders.slice(0, 2), ids[0]),
        written(format, orders.slice(2), ids[1]),
      ]);
    });
  }

  test('of one device: it cannot be parted', () => {
    expect(halvesOf([orderOf(1, [device('A')])])).toBeNull();
  });

  test('leaves out what is settled', () => {
    const [request] = format.toRequests(
      documentOf([orderOf(1, ['A', 'B', 'C'].map(device))]),
      nothingEnrolled,
    ).requests;
    if (!request) throw new Error('nothing to halve');
    const orders = request.orders.map((order) => ({ ...order, devices: order.devices.slice(1) }));
    const halves = format.halve({ ...asked(request), orders }, ids);
    const rest = (serial: string, n: number) => [orderOf(1, [{ deviceId: `D1-${n}`, serialNumber: serial }])];
    expect(halves?.map(({ message }) => message.content)).toEqual([
      written(format, rest('B', 2), ids[0]),
      written(format, rest('C', 3), ids[1]),
    ]);
  });
});

test('an override that the partner takes as a whole is not parted', () => {
  const format = formatWith({
    ...minimal.json,
    request: { ...minimal.json.request, types: { OVERRIDE: 'SET' } },
  });
  const order = orderOf(1, ['A', 'B'].map(device), { requestType: 'OVERRIDE', originalRequestId: 'R' });
  const [request] = format.toRequests(documentOf([order]), nothingEnrolled).requests;
  expect(request && format.halve(asked(request), ids)).toBeNull();
});

test('where orders are named, a request is parted between orders only', () => {
  const { request, answer } = minimal.csv;
  const format = formatWith({
    answer,
    request: {
      ...request,
      key: 'orderNumber',
      rows: 'order',
      fields: [{ name: 'Order', from: 'orderNumber' }],
    },
  });
  const sent = (orders: readonly RequestOrder[]) =>
    format.toRequests(documentOf(orders), nothingEnrolled).requests[0];
  const two = sent([orderOf(1, [device('A')]), orderOf(2, [device('B'), device('C')])]);
  const one = sent([orderOf(2, [device('B'), device('C')])]);
  expect(two && format.halve(asked(two), ids)?.map(({ message }) => message.content)).toEqual([
    'Order\r\n1\r\n',
    'Order\r\n2\r\n',
  ]);
  expect(one && format.halve(asked(one), ids)).toBeNull();
});
