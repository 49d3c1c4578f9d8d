import { describe, expect, test } from '@jest/globals';

import type { ProviderReply, Question } from '../../../daemons/adaptor/providers/provider-format.ts';
import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import {
  asked,
  csv,
  documentOf,
  enrolled,
  enrolledWith,
  http,
  nothingEnrolled,
  orderOf,
  overrideOf,
  settingsWith,
  sheets,
  trackingId,
  tuple,
} from './examples.ts';

/** What users of Windows Autopilot complain about, in public issues; each is a lesson for the adaptor. */

const format = windowsAutopilot(settingsWith());
const [request] = format.toRequests(documentOf(orderOf(1, [tuple('A')])), nothingEnrolled).requests;
if (!request) throw new Error('no request');
const accepted = asked(request, { providerTransactionId: trackingId });

const read = (reply: ProviderReply, of: Question) => format.readAnswer(reply, of, accepted);
const deviceAfter = (reply: ProviderReply, of: Question) => {
  const answer = read(reply, of);
  if (answer.kind !== 'result') throw new Error(`read as ${answer.kind}`);
  return format.toOutcomes(answer.result, of, accepted).orders[0]?.devices[0];
};
const classOf = (code: string) => format.errors.lookUp(code).class;
const batch = (status: string, ...devicesStatus: object[]) => http(200, { status, devicesStatus });
const A = { serialNumber: 'ser-A', deviceId: 'guid-A' };

describe('what users complain about', () => {
  test("Microsoft's own example: a batch that is finished, with a device that is not registered", () => {
    const status = 'finished_with_errors';
    const reply = batch('finished', {
      serialNumber: 'ser-A',
      productKey: '12345-67890-09876-54321-13579',
      status,
      errorCode: '808',
      errorDescription: 'ZtdDeviceAssignedToOtherTenant',
    });
    expect(deviceAfter(reply, 'query')).toMatchObject({ outcome: 'failed', errors: [{ code: '808' }] });
  });

  test('a device bought elsewhere earlier (MSEndpointMgr/Intune 71): 808 is a conflict to be settled first', () => {
    expect(classOf('808')).toBe('conflict');
    expect(format.errors.describe({ code: '808', message: '' }).message).toMatch(/settled first/);
  });

  test('"accepted", state unknown, error 0, and the true reason only later (MSEndpointMgr/Intune 71): we keep asking', () => {
    for (const batchStatus of ['unknown', 'finished']) {
      const early = batch(batchStatus, { ...A, status: 'unknown', errorCode: 0 });
      expect(read(early, 'query').kind).toBe('pending');
    }
    const late = batch('finished', { ...A, status: 'finished_with_errors', errorCode: 808 });
    expect(deviceAfter(late, 'query')).toMatchObject({ outcome: 'failed', errors: [{ code: '808' }] });
  });

  test('806, but the device cannot be seen (MicrosoftLearning/MD-101 14): believed only after the batch was looked at', () => {
    const said = batch('finished', { ...A, status: 'finished_with_errors', errorCode: '806' });
    expect(deviceAfter(said, 'query')).toEqual({ deviceId: 'A', outcome: 'unknown' });
    expect(format.toReconciliation(accepted)?.method).toBe('GET');
    const listed = http(200, { items: [{ id: 'guid-A', serialNumber: 'ser-A' }] });
    expect(deviceAfter(listed, 'reconciliation')).toMatchObject({ outcome: 'succeeded' });
    const absent = http(200, { items: [] });
    expect(deviceAfter(absent, 'reconciliation')).toMatchObject({
      outcome: 'failed',
      errors: [{ code: '806' }],
    });
  });

  test('a valid tuple fails with 500 "Sequence contains no matching element" (Partner-Center-PowerShell 274, 271): sent again, by the status and in any language', () => {
    for (const description of ['Sequence contains no matching element', 'Die Sequenz enthält nichts']) {
      const answer = read(http(500, { code: '0', description }), 'request');
      expect(answer).toMatchObject({ kind: 'refused', errors: [{ code: 'HTTP-500' }] });
    }
    expect(classOf('HTTP-500')).toBe('retry');
  });

  test('403 when adding by product id (KelvinTegelaar/CIPP 2527): it is the permission of the app registration, and nothing fails', () => {
    const answer = read(http(403, { code: '5000', description: 'Forbidden' }), 'request');
    const message = expect.stringMatching(/app registration has the permission.*Forbidden \(code 5000\)/);
    expect(answer).toEqual({ kind: 'refused', errors: [{ code: 'HTTP-403', message }] });
    expect(classOf('HTTP-403')).toBe('auth');
  });

  test('the letter case of a header differs from the template (CIPP 1042, windows-itpro-docs 2603): read in any, written in one', () => {
    const portal = windowsAutopilot(sheets);
    const [sheet] = portal.toRequests(documentOf(orderOf(1, [tuple('A')])), nothingEnrolled).requests;
    if (!sheet) throw new Error('no request');
    const [header = '', row = ''] = sheet.message.content.split('\r\n');
    expect(header).toBe(
      'Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model',
    );
    const spellings = [
      header.toLowerCase(),
      header.toUpperCase(),
      `\ufeff${header.replaceAll(/[^,]+/g, ' "$&" ')}`,
    ];
    for (const spelling of spellings) {
      const reply = csv(`${spelling},RESULT,error\r\n${row},OK,\r\n`);
      const answer = portal.readAnswer(reply, 'request', asked(sheet));
      expect(answer).toMatchObject({ result: { verdicts: [['SER-A', { kind: 'succeeded' }]] } });
    }
    const other = csv(`Serial,${header},Result,Error\r\n,${row},OK,\r\n`);
    const malformed = expect.objectContaining({ code: 'CSV_MALFORMED' });
    expect(() => portal.readAnswer(other, 'request', asked(sheet))).toThrow(malformed);
  });

  test('an object {Status, Devices} where a list was expected (CIPP 5094): refused, and never taken for nothing', () => {
    const unknownAnswer = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });
    for (const question of ['request', 'query', 'reconciliation'] as const) {
      expect(() => read(http(200, { Status: 'finished', Devices: [] }), question)).toThrow(unknownAnswer);
    }
  });

  test('adding to a batch that exists fails (CyberDrain/CIPP pull request 658): every request is a batch of its own', () => {
    const orders = [orderOf(1, [tuple('A')]), overrideOf(2, [tuple('B'), tuple('C')])];
    const limited = windowsAutopilot(settingsWith({ limits: { ordersPerRequest: 1, devicesPerRequest: 1 } }));
    const known = enrolledWith(2, enrolled('B'));
    const { requests } = limited.toRequests(documentOf(...orders), known);
    const added = requests.filter(({ message }) => message.method === 'POST').map(({ message }) => message);
    expect(added.map(({ path }) => path).every((path) => path.endsWith('/deviceBatches'))).toBe(true);
    const names = added.map(({ content }) => (JSON.parse(content) as { BatchId: string }).BatchId);
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(2);
  });

  test('429 after too many tries (andrew-s-taylor/WindowsAutopilotInfo 22): sent again later, whatever came with it', () => {
    const page: ProviderReply = { status: 429, content: { kind: 'other' } };
    for (const reply of [page, http(429), http(429, { code: '4290', description: 'Slow down' })]) {
      expect(read(reply, 'request')).toMatchObject({ kind: 'refused', errors: [{ code: 'HTTP-429' }] });
    }
    expect(classOf('HTTP-429')).toBe('retry');
  });

  test('the tuple must match the firmware to the letter (microsoft-365-docs pull request 3061, issue 1972): it goes untouched', () => {
    const device = { deviceId: 'A', serialNumber: ' aB-1', manufacturer: 'LENOVO ', model: '20XX  s\u00fcd' };
    const [sent] = format.toRequests(documentOf(orderOf(1, [device])), nothingEnrolled).requests;
    expect(JSON.parse(sent?.message.content ?? '')).toMatchObject({
      Devices: [{ SerialNumber: ' aB-1', OemManufacturerName: 'LENOVO ', ModelName: '20XX  s\u00fcd' }],
    });
  });
});
