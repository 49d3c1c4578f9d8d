import { describe, expect, test } from '@jest/globals';

import type { AskedRequest } from '../../../daemons/adaptor/providers/provider-format.ts';
import {
  askedFor,
  devicesOf,
  enrolledAs,
  flat,
  imeis,
  operationName,
  orderOf,
  outcomesOf,
  read,
  tablet,
  voidOf,
} from './examples.ts';

const [first, second] = imeis;

const zeroTouch = { sectionType: 'SECTION_TYPE_ZERO_TOUCH', ownerCompanyId: '1234567890', resellerId: '555' };
const simLock = { sectionType: 'SECTION_TYPE_SIM_LOCK' };
const device = (deviceIdentifier: object, claims: object[], deviceId = '11') => ({
  name: `partners/555/devices/${deviceId}`,
  deviceId,
  deviceIdentifier,
  ...(claims.length > 0 && { claims }),
});
const found = (...devices: object[]) => ({ devices, totalSize: devices.length });

const claim = askedFor([orderOf(7, devicesOf([{ imei: first, imei2: second }, tablet]))]);
const unclaim = askedFor(
  [voidOf(7)],
  enrolledAs([
    ['D1', `imei:${first}`, '11'],
    ['D2', 'serial:Zx8Test01/Google/Pixel Tablet'],
  ]),
);
const accepted = (asked: AskedRequest) => ({ ...asked, providerTransactionId: operationName });
/** The second device of the request is left. */
const halfDone = (asked: AskedRequest) => ({
  ...asked,
  orders: asked.orders.map((order) => ({ ...order, devices: order.devices.slice(1) })),
});
const settled = (document: unknown, asked: AskedRequest) =>
  flat(outcomesOf(document, asked, 'reconciliation'));

describe('what became of a claim', () => {
  test.each([
    ['as it was asked for', device({ imei: first }, [zeroTouch])],
    ['by its second IMEI', device({ imei: '9', imei2: first }, [zeroTouch])],
    ['locked to a carrier besides', device({ imei: first }, [simLock, zeroTouch])],
    ['of a customer that is not told', device({ imei: first }, [{ sectionType: 'section_type_zero_touch' }])],
  ])('a device that is claimed is done: %s', (_what, record) => {
    expect(settled(found(record), claim)).toEqual({ D1: 'succeeded 11', D2: 'unknown' });
  });

  test('one of several records is claimed', () => {
    const records = [device({ imei: first }, [], '10'), device({ imei: first }, [zeroTouch], '11')];
    expect(settled(found(...records), claim)).toEqual({ D1: 'succeeded 11', D2: 'unknown' });
  });

  const undone = [
    ['nothing is found', {}],
    ['an empty list', { devices: [], totalSize: 0 }],
    ['a record without a claim', found(device({ imei: first }, []))],
    ['only locked to a carrier', found(device({ imei: first }, [simLock]))],
    [
      'claimed for another customer',
      found(device({ imei: first }, [{ ...zeroTouch, ownerCompanyId: '99' }])),
    ],
  ] as const;

  test.each(undone)('the request never arrived, as far as can be seen: %s', (_what, document) => {
    expect(read(document, 'reconciliation', claim)).toEqual({ kind: 'not-found' });
  });

  test.each(undone)('Google had accepted the request, and is done with it: %s', (_what, document) => {
    expect(settled(document, accepted(claim))).toEqual({ D1: 'NOT_CLAIMED', D2: 'unknown' });
  });

  test('others of the request are done: the device will not be any more', () => {
    expect(settled({}, halfDone(claim))).toEqual({ D2: 'NOT_CLAIMED' });
  });
});

describe('what became of an unclaim', () => {
  test.each([
    ['nothing is found', {}],
    ['the record is left, without a claim', found(device({ imei: first }, []))],
    ['only locked to a carrier', found(device({ imei: first }, [simLock]))],
  ])('a device without a claim is done: %s', (_what, document) => {
    expect(settled(document, unclaim)).toEqual({ D1: 'succeeded', D2: 'unknown' });
  });

  test.each([zeroTouch, { ...zeroTouch, ownerCompanyId: '99' }])(
    'a device with a claim is not: %j',
    (held) => {
      const document = found(device({ imei: first }, [held]));
      expect(read(document, 'reconciliation', unclaim)).toEqual({ kind: 'not-found' });
      expect(settled(document, accepted(unclaim))).toEqual({ D1: 'STILL_CLAIMED', D2: 'unknown' });
    },
  );
});

describe('an answer about another device', () => {
  test('says nothing of the first that is open, and settles the one that it is about', () => {
    const about = device({ ...tablet, model: 'pixel tablet' }, [zeroTouch], '12');
    expect(settled(found(about), claim)).toEqual({ D1: 'unknown', D2: 'succeeded 12' });
    expect(settled(found(device(tablet, [])), unclaim)).toEqual({ D1: 'unknown', D2: 'succeeded' });
  });

  test('that nobody asked for settles nothing', () => {
    expect(settled(found(device({ imei: '9' }, [])), unclaim)).toEqual({ D1: 'unknown', D2: 'unknown' });
  });
});

test('a refused question says nothing of the request', () => {
  const document = { error: { code: 404, message: 'x', status: 'NOT_FOUND' } };
  expect(read(document, 'reconciliation', unclaim)).toEqual({
    kind: 'query-refused',
    ids: {},
    errors: [{ code: 'NOT_FOUND', message: 'x' }],
  });
});

test('an answer of another shape is not taken for an empty list: every unclaim would be done', () => {
  for (const document of [{ device: [] }, { name: operationName }, { devices: [1] }]) {
    expect(() => read(document, 'reconciliation', unclaim)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
    );
  }
});
