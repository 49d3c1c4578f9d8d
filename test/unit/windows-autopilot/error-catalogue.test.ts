import { describe, expect, test } from '@jest/globals';

import { errors } from '../../../daemons/adaptor/providers/windows-autopilot/error-catalogue.ts';
import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import { asked, documentOf, http, nothingEnrolled, orderOf, settingsWith, tuple } from './examples.ts';

const rows: readonly (readonly [code: string, errorClass: string, meaning: RegExp])[] = [
  ['802', 'data', /hardware hash/],
  ['InvalidZtdHardwareHash', 'data', /hardware hash/],
  ['806', 'conflict', /already.*portal/],
  ['ZtdDeviceAlreadyAssigned', 'conflict', /already.*portal/],
  ['808', 'conflict', /another customer/],
  ['ZtdDeviceAssignedToOtherTenant', 'conflict', /another customer/],
  ['ZtdDeviceAssignedToAnotherTenant', 'conflict', /another customer/],
  ['ZtdDeviceDuplicated', 'data', /more than once/],
  ['StorageError', 'retry', /store/],
  ['finished_with_errors', 'data', /no reason/],
  ['not_in_batch', 'conflict', /without this device/],
  ['1000', 'data', /not find/],
  ['2032', 'auth', /permission/],
  ['3000', 'data', /property/],
  ['20002', 'conflict', /relationship/],
  ['60003', 'data', /organisation id/],
  ['800001', 'auth', /token/],
  ['800002', 'data', /not valid/],
  ['800003', 'retry', /fault/],
  ['HTTP-401', 'auth', /token/],
  ['HTTP-403', 'auth', /app registration.*permission/],
  ['HTTP-408', 'retry', /in time/],
  ['HTTP-413', 'split', /devicesPerRequest/],
  ['HTTP-429', 'retry', /perMinute/],
  ['HTTP-500', 'retry', /fault/],
  ['HTTP-502', 'retry', /gateway/],
  ['HTTP-503', 'retry', /not available/],
  ['HTTP-504', 'retry', /gateway/],
];

const format = windowsAutopilot(settingsWith());
const [request] = format.toRequests(documentOf(orderOf(1, [tuple('A')])), nothingEnrolled).requests;
if (!request) throw new Error('no request');
const sent = asked(request);

describe("Partner Center's error codes", () => {
  test('none is lost, and none is unchecked', () => {
    expect(errors.rows.map(([code]) => code).sort()).toEqual(rows.map(([code]) => code).sort());
  });

  test.each(rows)('%s: %s', (code, errorClass, meaning) => {
    expect(format.errors.lookUp(code)).toEqual({
      class: errorClass,
      meaning: expect.stringMatching(meaning),
    });
  });

  test.each(rows.map(([code]) => code))('%s of a device reaches CMP with what to do', (errorCode) => {
    const status = 'finished_with_errors';
    const document = { status: 'finished', devicesStatus: [{ serialNumber: 'ser-A', status, errorCode }] };
    const answer = format.readAnswer(http(200, document), 'query', sent);
    if (answer.kind !== 'result') throw new Error(`read as ${answer.kind}`);
    const [order] = format.toOutcomes(answer.result, 'query', sent).orders;
    const { message } = errors.describe({ code: errorCode, message: '' });
    const failed = { deviceId: 'A', outcome: 'failed', errors: [{ code: errorCode, message }] };
    // 806 is not believed before the device was looked for.
    const isRegistered = ['806', 'ZtdDeviceAlreadyAssigned'].includes(errorCode);
    expect(order?.devices).toEqual([isRegistered ? { deviceId: 'A', outcome: 'unknown' } : failed]);
    expect(message).toMatch(/^[A-Z].*\(.*\)\.$/);
  });

  test.each([
    ['HTTP-599', 'retry'],
    ['HTTP-418', 'data'],
    ['899', 'data'],
    ['400', 'data'],
    ['constructor', 'data'],
  ])('%s is not listed: %s', (code, errorClass) => {
    expect(errors.lookUp(code)).toEqual({
      class: errorClass,
      meaning: expect.stringMatching(/code that is not in our list/),
    });
  });
});
