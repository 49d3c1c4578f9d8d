import { readFile } from 'node:fs/promises';

import { afterEach, describe, expect, test } from '@jest/globals';

import { readXml } from '../../../shared/formats/read-xml.ts';
import type { XmlElement } from '../../../shared/formats/xml-element.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { etisalat, telenor } from '../apple/xml-examples.ts';
import { Desk, type Ended, type PublishedFile } from './desk.ts';
import { apple, outcomes } from './scenes.ts';

/** Tables and XML for providers through the adaptor: out of a generic request, to a portal or partner, and back. */

let desk: Desk;
afterEach(() => desk.close());

/** 14 digits with the check digit of IMEIs (Luhn). */
function imei(fourteen: string): string {
  const sum = Array.from(fourteen, Number)
    .map((digit, index) => (index % 2 === 1 ? digit * 2 : digit))
    .reduce((total, value) => total + Math.floor(value / 10) + (value % 10), 0);
  return `${fourteen}${(10 - (sum % 10)) % 10}`;
}

const zero = imei('01234567890123');
/** What is left of it when a spreadsheet took it for a number; it is the beginning of another IMEI. */
const lost = zero.slice(1);
const other = imei(lost);
const third = imei('35999900123450');
const ids = ['D1', 'D2', 'D3'];

const orderOf = (
  organisationId: string,
  devices: readonly GenericDevice[],
  changes: Partial<RequestOrder> = {},
): RequestOrder => ({
  id: 12,
  requestType: 'ORDER',
  organisationId,
  orderDate: '2026-05-04T10:00:00+02:00',
  deliveries: [{ deliveryNumber: 'DN-12', shipDate: '2026-05-05T07:30:15.900Z', devices }],
  ...changes,
});

const telephones = [zero, other, third].map((number, n): GenericDevice => ({
  deviceId: `D${n + 1}`,
  imei: number,
}));

interface Portal {
  readonly what: string;
  /** Of the configuration. */
  readonly provider: string;
  readonly order: RequestOrder;
  readonly stem: string;
  /** What goes out: header and rows. */
  readonly sent: readonly string[];
  /** Header of what comes back; its rows are those that went out, with two more columns. */
  readonly header: string;
  /** A row of a device that nobody asked for. */
  readonly stranger: string;
}

const plain = 'inbox: { encryption: none, signature: forbidden }';
const configurationOf = (provider: string): string => `providers:\n  portal: { ${provider}, ${plain} }`;

const zeroTouchColumns = 'modemtype,modemid,serial,model,manufacturer,profiletype,owner';
const zeroTouchRow = (number: string) => `IMEI,${number},,,,ZERO_TOUCH,880011`;
const autopilotColumns =
  'Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model';
const tenant = '0a1b2c3d-0000-4000-8000-00000000aa01';

const zeroTouch: Portal = {
  what: 'google-zero-touch',
  provider: "format: google-zero-touch, files: csv, account: { partnerId: '54321' }",
  order: orderOf('880011', telephones),
  stem: 'claim',
  sent: [zeroTouchColumns, ...[zero, other, third].map(zeroTouchRow)],
  header: zeroTouchColumns,
  stranger: zeroTouchRow(imei('35999900999999')),
};

const knox: Portal = {
  what: 'samsung-knox',
  provider: "format: samsung-knox, files: csv, account: { generation: 2, resellerId: '1000000001' }",
  order: orderOf('2000000002', telephones),
  stem: 'devices-upload',
  sent: [zero, other, third],
  header: 'Device',
  stranger: imei('35999900999999'),
};

const autopilot: Portal = {
  what: 'windows-autopilot',
  provider: 'format: windows-autopilot, files: csv',
  order: orderOf(tenant, [
    { deviceId: 'D1', productId: '0034567890123' },
    { deviceId: 'D2', serialNumber: 'ZZ-2', manufacturer: 'Contoso, Ltd.', model: 'Laptop "13"' },
    { deviceId: 'D3', hardwareHash: 'SEFTSA==', serialNumber: 'zz-3' },
  ]),
  stem: 'device-batch',
  sent: [autopilotColumns, ',0034567890123,,,', 'ZZ-2,,,"Contoso, Ltd.","Laptop ""13"""', 'zz-3,,SEFTSA==,,'],
  header: autopilotColumns,
  stranger: 'ZZ-9,,,,',
};

const portals = [zeroTouch, knox, autopilot].map((portal) => [portal.what, portal] as const);

/** The rows that went out. */
const rowsOf = ({ sent }: Portal): readonly string[] => sent.slice(-3);

const sheet = (portal: Portal, ...results: readonly string[]): string =>
  [
    `${portal.header},Result,Error`,
    ...rowsOf(portal).map((row, n) => `${row},${results[n] ?? ','}`),
    '',
  ].join('\r\n');

async function sentTo({ provider, order }: Portal): Promise<PublishedFile> {
  desk = await Desk.open(configurationOf(provider));
  const [file, ...more] = await desk.request(order);
  if (!file || more.length > 0) throw new Error(`${more.length} files too many, or none`);
  return file;
}

const done: Ended = { state: 'done' };
const refused = (detail: string | RegExp): Ended => ({
  state: 'rejected',
  code: 'CSV_MALFORMED',
  detail: expect.stringMatching(detail) as unknown as string,
});
const outcomesOf = async () => Object.values(await outcomes(desk.rt));
const stateOf = async () => (await desk.firstRequest()).state;

describe.each(portals)('the sheet for the portal of %s', (_what, portal) => {
  test('is published under a name of ours, byte for byte as the portal takes it', async () => {
    const file = await sentTo(portal);
    const { transaction_id: id } = await desk.firstRequest();
    expect(id).toMatch(/^[a-z0-9-]+-1(-[0-9a-z-]+)?$/);
    expect(file).toEqual({
      name: `${portal.stem}.${id}.csv`,
      content: portal.sent.map((line) => `${line}\r\n`).join(''),
    });
    expect(await stateOf()).toBe('sent');
  });

  test('comes back under its name with the outcome of every device', async () => {
    const { name } = await sentTo(portal);
    expect(await desk.drop(name, sheet(portal, 'OK,', 'IN_USE,of somebody else', 'ok,'))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'failed', 'succeeded']);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'IN_USE', D3: 'succeeded' }]);
    expect(await stateOf()).toBe('finished');
  });

  test('V01 V04: a spreadsheet has put a byte-order mark before it, and mixed its line ends', async () => {
    const { name } = await sentTo(portal);
    const [header, first, second, last] = sheet(portal, 'OK,', 'OK,', 'NO,"why,\n""what"""').split('\r\n');
    const damaged = `\ufeff${header}\n${first}\r\n${second}\r${last}`;
    expect(await desk.drop(name, damaged)).toEqual(done);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'succeeded', D3: 'NO' }]);
  });

  test('of which some rows are empty settles the others, and a second one the rest', async () => {
    const { name } = await sentTo(portal);
    expect(await desk.drop(name, sheet(portal, 'OK,', ',', ' , '))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'unknown', 'unknown']);
    expect(await stateOf()).toBe('unknown');
    // Nobody can be asked: people have to look.
    expect(await desk.firstRequest()).toMatchObject({ next_query_at: null });
    expect(await desk.drop(name, sheet(portal, 'OK,', 'OK,', 'NO,why'))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'succeeded', 'failed']);
    expect(await stateOf()).toBe('finished');
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded' }, { D2: 'succeeded', D3: 'NO' }]);
  });

  test('what was settled by a first sheet is not changed by a second one', async () => {
    const { name } = await sentTo(portal);
    await desk.drop(name, sheet(portal, 'OK,', 'NO,', ','));
    expect(await desk.drop(name, sheet(portal, 'NO,', 'OK,', 'OK,'))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'failed', 'succeeded']);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'NO' }, { D3: 'succeeded' }]);
  });

  test('a device that was not asked for is noted, and counts for nobody', async () => {
    const { name } = await sentTo(portal);
    const more = `${sheet(portal, 'OK,', 'OK,', ',')}${portal.stranger},OK,\r\n`;
    expect(await desk.drop(name, more)).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'succeeded', 'unknown']);
    expect((await desk.firstRequest()).last_error).toMatch(/^not asked for: device .+$/);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'succeeded' }]);
  });

  test('returned as it went out it is refused, and still waits for its outcome', async () => {
    const { name, content } = await sentTo(portal);
    const reason = portal === knox ? /header is missing.*Device,Result,Error/ : /column Result is missing/;
    const ended = await desk.drop(name, content);
    expect(ended).toEqual(refused(reason));
    // The reason goes to whoever brought the sheet, and into the log.
    expect(ended.detail).not.toMatch(/\d{13}/);
    expect(await stateOf()).toBe('sent');
    expect(await desk.told(12, ids)).toEqual([]);
    expect(await desk.drop(name, sheet(portal, 'OK,', 'OK,', 'OK,'))).toEqual(done);
    expect(await stateOf()).toBe('finished');
  });

  test('saved with semicolons it is refused, with the header that it should have', async () => {
    const { name } = await sentTo(portal);
    const [header = '', first = ''] = sheet(portal, 'OK,', 'OK,', 'OK,').split('\r\n');
    const semicolons = `${header}\r\n${first}\r\n`.replaceAll(',', ';');
    const reason = `header is missing; it is ${header}`;
    expect(await desk.drop(name, semicolons)).toEqual(refused(reason));
    expect(await outcomesOf()).toEqual(['open', 'open', 'open']);
  });

  test('V05: the letter case of its header counts, but for Microsoft, whose own pages differ', async () => {
    const { name } = await sentTo(portal);
    const [, ...rows] = sheet(portal, 'OK,', 'OK,', 'OK,').split('\r\n');
    const lower = [`${portal.header},Result,Error`.toLowerCase(), ...rows].join('\r\n');
    expect(await desk.drop(name, lower)).toEqual(portal === autopilot ? done : refused('missing'));
    expect(await stateOf()).toBe(portal === autopilot ? 'finished' : 'sent');
  });
});

describe('V10: a sheet that a spreadsheet damaged', () => {
  /** The first row is that of the device with the zero. */
  const damagedBy = (portal: Portal, from: string, to: string) =>
    sheet(portal, 'OK,', ',', 'OK,').replace(from, to);

  test.each([
    ['google-zero-touch', zeroTouch],
    ['samsung-knox', knox],
  ])('an IMEI that lost its zero is credited to no other device: %s', async (_what, portal) => {
    const { name } = await sentTo(portal);
    // Not beside the row of the other one: two rows that contradict each other would settle nothing.
    const damaged = damagedBy(portal, zero, lost).split('\r\n').toSpliced(2, 1).join('\r\n');
    expect(await desk.drop(name, damaged)).toEqual(done);
    expect(await outcomesOf()).toEqual(['unknown', 'unknown', 'succeeded']);
    expect((await desk.firstRequest()).last_error).toMatch(`not asked for: device`);
    expect(await desk.told(12, ids)).toEqual([{ D3: 'succeeded' }]);
    // The same sheet, mended.
    expect(await desk.drop(name, sheet(portal, 'OK,', 'NO,', 'OK,'))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'failed', 'succeeded']);
  });

  test('neither is a product id', async () => {
    const { name } = await sentTo(autopilot);
    await desk.drop(name, damagedBy(autopilot, '0034567890123', '34567890123'));
    expect(await outcomesOf()).toEqual(['unknown', 'unknown', 'succeeded']);
  });

  test.each([
    ['google-zero-touch', zeroTouch],
    ['samsung-knox', knox],
  ])('IMEIs in the form 1.23E+14, two of them alike, are nobody: %s', async (_what, portal) => {
    const { name } = await sentTo(portal);
    const powers = [zero, other].reduce(
      (text, number) => text.replace(number, '1.23457E+13'),
      sheet(portal, 'OK,', 'OK,', 'NO,'),
    );
    expect(await desk.drop(name, powers)).toEqual(done);
    expect(await outcomesOf()).toEqual(['unknown', 'unknown', 'failed']);
  });
});

const sample = async (name: string, change = (text: string) => text): Promise<Desk> => {
  const file = new URL(`../../../config/samples/providers/${name}.yaml`, import.meta.url);
  return Desk.open(change(await readFile(file, 'utf8')));
};

describe('config/samples/providers/distributor-csv.yaml', () => {
  const header = 'Batch;Action;Account;Order;Customer;PO;Delivery;Shipped;Identifier;Second IMEI;Model';
  const devices = [...telephones.slice(0, 2), { deviceId: 'D3', serialNumber: 'abc;3', model: 'Tablet "X"' }];

  /** @returns the name of the table, and our id */
  async function sentToDistributor(): Promise<readonly [name: string, id: string]> {
    desk = await sample('distributor-csv');
    const files = await desk.request(orderOf('880011', devices));
    const { transaction_id: id } = await desk.firstRequest();
    const start = `${id};ADD;ACME-DE;12;880011;;DN-12;2026-05-05`;
    const name = `request.${id}.csv`;
    const rows = [`${start};${zero};;`, `${start};${other};;`, `${start};"ABC;3";;"Tablet ""X"""`];
    expect(files).toEqual([{ name, content: [header, ...rows, ''].join('\r\n') }]);
    return [name, id];
  }

  const answer = (id: string, ...rows: readonly string[]): string =>
    ['Batch;Identifier;Status;Reason;Reason text', ...rows.map((row) => `${id};${row}`), ''].join('\r\n');

  test('table, receipt, and the outcome under the same name', async () => {
    const [name, id] = await sentToDistributor();
    const receipt = 'File status;Reason;Reason text;Ticket\r\nRECEIVED;;;T-1\r\n';
    expect(await desk.drop(name, receipt)).toEqual(done);
    expect(await desk.firstRequest()).toMatchObject({ state: 'accepted', provider_transaction_id: 'T-1' });
    const outcome = answer(id, `${zero};ok;;`, `${other};ERROR;E200;"gehört; anderen"`, '"ABC;3";DONE;;');
    expect(await desk.drop(name, outcome)).toEqual(done);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'E200', D3: 'succeeded' }]);
    expect(await stateOf()).toBe('finished');
  });

  test('a byte-order mark, mixed line ends, another letter case, more columns, in any order', async () => {
    const [name, id] = await sentToDistributor();
    const table =
      '\ufeffColour;STATUS; identifier;reason;REASON TEXT;batch\n' +
      `blue;OK;${zero};;;${id}\r\n;Done;${other};;;${id}\rred;Error;"ABC;3";E100;;${id}`;
    expect(await desk.drop(name, table)).toEqual(done);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'succeeded', D3: 'E100' }]);
  });

  test('under any other name our id in the rows tells the request', async () => {
    const [, id] = await sentToDistributor();
    expect(await desk.drop('result-7.csv', answer(id, `${zero};OK;;`))).toEqual(done);
    expect(await outcomesOf()).toEqual(['succeeded', 'unknown', 'unknown']);
  });

  test('rows without a status are open, and a second table settles them', async () => {
    const [name, id] = await sentToDistributor();
    await desk.drop(name, answer(id, `${zero};OK;;`, `${other};;;`, '"ABC;3";OPEN;;'));
    expect(await outcomesOf()).toEqual(['succeeded', 'unknown', 'unknown']);
    expect(await desk.drop(name, answer(id, `${other};OK;;`, '"ABC;3";OK;;'))).toEqual(done);
    expect(await stateOf()).toBe('finished');
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded' }, { D2: 'succeeded', D3: 'succeeded' }]);
  });

  test('V10: an IMEI that lost its zero, and one that was not asked for, count for nobody', async () => {
    const [name, id] = await sentToDistributor();
    const strange = imei('35999900999999');
    await desk.drop(name, answer(id, `${lost};OK;;`, `${strange};OK;;`, '"ABC;3";OK;;'));
    expect(await outcomesOf()).toEqual(['unknown', 'unknown', 'succeeded']);
    const { last_error: noted } = await desk.firstRequest();
    expect(noted).toBe(`not asked for: device ${lost}, device ${strange}`);
  });

  test('the table returned as it went out is refused, and still waits for its outcome', async () => {
    const [name, id] = await sentToDistributor();
    const unchanged = `${header}\r\n${id};ADD;ACME-DE;12;880011;;DN-12;2026-05-05;${zero};;\r\n`;
    const ended = await desk.drop(name, unchanged);
    expect(ended).toMatchObject({ state: 'rejected', code: 'UNKNOWN_ANSWER' });
    expect(ended.detail).toMatch(/column Status is missing/);
    expect(ended.detail).not.toContain(zero);
    expect(await stateOf()).toBe('sent');
  });

  test('with commas in place of the semicolons it is refused', async () => {
    const [name, id] = await sentToDistributor();
    const commas = answer(id, `${zero};OK;;`).replaceAll(';', ',');
    expect(await desk.drop(name, commas)).toMatchObject({ state: 'rejected', code: 'UNKNOWN_ANSWER' });
    expect(await outcomesOf()).toEqual(['open', 'open', 'open']);
  });

  test('of another transaction it is refused', async () => {
    const [name] = await sentToDistributor();
    const ended = await desk.drop(name, answer('other-1', `${zero};OK;;`));
    expect(ended).toMatchObject({ state: 'rejected', code: 'UNEXPECTED_ANSWER' });
    expect(await outcomesOf()).toEqual(['open', 'open', 'open']);
  });
});

describe('config/samples/providers/carrier-xml.yaml, over the spool', () => {
  const overTheSpool = (text: string) =>
    text.replace('transport: https', 'transport: spool').replace(/ {4}https:\n(?: {6}.*\n)+/, '');
  const devices = [
    { deviceId: 'D1', serialNumber: 'S<1>', imei: zero },
    { deviceId: 'D2', serialNumber: 'S2', assetTag: 'A & B' },
  ];
  const namespace = 'urn:carrier.example:enrolment:1';

  test('request, receipt, question and outcome, each under the name of what it answers', async () => {
    desk = await sample('carrier-xml', overTheSpool);
    const [file, ...more] = await desk.request(orderOf('880011', devices));
    const { transaction_id: id } = await desk.firstRequest();
    const shipping = '<Shipping><Date>20260505</Date><Note>DN-12</Note></Shipping>';
    expect(more).toEqual([]);
    expect(file).toEqual({
      name: `request.${id}.xml`,
      content:
        `<?xml version="1.0" encoding="UTF-8"?>\n<Enrolments xmlns="${namespace}">` +
        `<Header><Sender>ACME</Sender><MessageId>${id}</MessageId></Header>` +
        '<Order><Number>12</Number><Type>ENROL</Type><Customer>880011</Customer>' +
        '<Date>2026-05-04T08:00:00Z</Date><Devices>' +
        `<Device><SerialNumber>S&lt;1&gt;</SerialNumber><Imei>${zero}</Imei>${shipping}</Device>` +
        `<Device><SerialNumber>S2</SerialNumber><AssetTag>A &amp; B</AssetTag>${shipping}</Device>` +
        '</Devices></Order></Enrolments>\n',
    });
    const receipt = '<Receipt><Status>ACCEPTED</Status><Number>R/1</Number></Receipt>';
    expect(await desk.drop(`request.${id}.xml`, `\ufeff<Answer>\r\n${receipt}\n</Answer>`)).toEqual(done);
    expect(await desk.firstRequest()).toMatchObject({ state: 'accepted', provider_transaction_id: 'R/1' });

    const question = { method: 'GET', path: '/v1/enrolments/R%2F1/result' };
    const [asked] = await desk.questions(3600);
    expect(asked).toEqual({ name: `query.${id}.1.json`, content: JSON.stringify(question) });
    const answer = (...records: readonly string[]) =>
      `<Answer xmlns="${namespace}"><Header><MessageId>${id}</MessageId></Header>` +
      `<Results>${records.join('')}</Results></Answer>`;
    const first = '<Device status="ENROLLED"><SerialNumber>S&lt;1&gt;</SerialNumber></Device>';
    const taken = '<Error><Code>TAKEN</Code><Text>by others</Text></Error>';
    const second = `<Device status="FAILED"><SerialNumber>S2</SerialNumber>${taken}</Device>`;
    const strange = '<Device status="ENROLLED"><SerialNumber>S3</SerialNumber></Device>';
    expect(await desk.drop(`query.${id}.1.json`, answer(first, strange))).toEqual(done);
    expect(await outcomes(desk.rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'unknown' });
    expect(await desk.firstRequest()).toMatchObject({
      state: 'unknown',
      last_error: 'not asked for: device S3',
    });
    const [again] = await desk.questions(7200);
    expect(again?.name).toMatch(new RegExp(`^(query|reconciliation)\\.${id}\\.2\\.json$`));
    expect(await desk.drop(again?.name ?? '', answer(second))).toEqual(done);
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded' }, { D2: 'TAKEN' }]);
    expect(await stateOf()).toBe('finished');
  });

  test('the request returned as it went out is refused, and still waits for its receipt', async () => {
    desk = await sample('carrier-xml', overTheSpool);
    const [file] = await desk.request(orderOf('880011', devices));
    const ended = await desk.drop(file?.name ?? '', file?.content ?? '');
    expect(ended).toMatchObject({ state: 'rejected', code: 'UNKNOWN_ANSWER' });
    expect(ended.detail).toContain('nothing that the mapping describes');
    expect(await stateOf()).toBe('sent');
  });
});

describe("Apple by a carrier's XML", () => {
  const account = (wrapper: string) =>
    configurationOf(
      `format: apple, account: { shipTo: '0000054321', depResellerId: '0F0F0F0F', wrapper: ${wrapper} }`,
    );
  const devices = [
    { deviceId: 'D1', serialNumber: 'kx1' },
    { deviceId: 'D2', serialNumber: 'KX2' },
  ];
  /** A request with both devices. @returns the name of its file */
  async function sentBy(wrapper: string, root: string): Promise<string> {
    desk = await Desk.open(account(wrapper));
    const [file, ...more] = await desk.request(orderOf('880011', devices));
    const { transaction_id: id } = await desk.firstRequest();
    const { name = '', content = '' } = file ?? {};
    expect([name, ...more]).toEqual([`bulk-enroll-devices.${id}.xml`]);
    const written = readXml(Buffer.from(content));
    expect(written.name).toBe(root);
    expect(textsOf(written, 'DeviceId')).toEqual(['KX1', 'KX2']);
    return name;
  }

  async function expectAccepted(): Promise<string> {
    const { transaction_id: id, ...request } = await desk.firstRequest();
    expect(request).toMatchObject({ state: 'accepted', provider_transaction_id: 'dep-1' });
    return id;
  }

  async function expectFinished(): Promise<void> {
    expect(await desk.told(12, ids)).toEqual([{ D1: 'succeeded', D2: 'DEP-ERR-DE-4303' }]);
    expect(await stateOf()).toBe('finished');
  }

  test('Telenor: request, acknowledgement, question and outcome', async () => {
    const name = await sentBy('telenor', 'Envelope');
    const acknowledgement =
      '<DeviceEnrollmentTransactionId>dep-1</DeviceEnrollmentTransactionId>' +
      '<EnrollDevicesResponse><StatusCode>SUCCESS</StatusCode></EnrollDevicesResponse>';
    expect(await desk.drop(name, telenor.bulk(acknowledgement))).toEqual(done);
    const id = await expectAccepted();
    const [question, ...more] = await desk.questions(3600);
    expect([question?.name, ...more]).toEqual([`check-transaction-status.${id}.1.xml`]);
    expect(question?.content).toContain('>dep-1<');
    const said = telenor.device('KX1', 'COMPLETE') + telenor.device('KX2', 'DEP-ERR-DE-4303', 'taken');
    const result = telenor.check(`${telenor.order('12', said)}<StatusCode>COMPLETE</StatusCode>`);
    expect(await desk.drop(question?.name ?? '', result)).toEqual(done);
    await expectFinished();
  });

  test("Etisalat: request and acknowledgement; Apple's own result is dropped by hand", async () => {
    const name = await sentBy('etisalat', 'AppleDEPEnrollmentRequest');
    const { transaction_id: ours } = await desk.firstRequest();
    const data = (id: string) => etisalat.data('dep-1').replace('TX-1', id);
    const ofOther = await desk.drop(name, etisalat.respose(etisalat.success, data('other-1')));
    expect(ofOther).toMatchObject({ state: 'rejected', code: 'UNKNOWN_ANSWER' });
    expect(await desk.drop(name, etisalat.respose(etisalat.success, data(ours)))).toEqual(done);
    const id = await expectAccepted();
    expect(await desk.questions(100_000)).toEqual([]);
    const devicesOfOrder = { KX1: 'COMPLETE', KX2: 'DEP-ERR-DE-4303' };
    const result = apple.result({ 12: devicesOfOrder }, { deviceEnrollmentTransactionID: 'dep-1' });
    expect(await desk.drop(`check-transaction-status.${id}.json`, JSON.stringify(result))).toEqual(done);
    await expectFinished();
  });

  test.each(['etisalat', 'telenor'])(
    '%s: the request returned as it went out is refused',
    async (wrapper) => {
      desk = await Desk.open(account(wrapper));
      const [file] = await desk.request(orderOf('880011', devices));
      const ended = await desk.drop(file?.name ?? '', file?.content ?? '');
      expect(ended).toMatchObject({ state: 'rejected', code: 'UNKNOWN_ANSWER' });
      expect(await stateOf()).toBe('sent');
    },
  );
});

/** Texts of all elements of a name. */
const textsOf = ({ name, text, children }: XmlElement, wanted: string): string[] =>
  name === wanted ? [text] : children.flatMap((child) => textsOf(child, wanted));
