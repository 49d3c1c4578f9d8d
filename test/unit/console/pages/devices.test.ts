import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { requireOrder } from '../../../../shared/store/orders.ts';
import { addDevices, numbers } from '../../../support/store-examples.ts';
import { dispatchedOrder, enrolledOrder, statuses } from '../../jobs/scenes.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const devicesFound = async (query: string) => {
  const rows = rowsOf(await scene.page(`/devices?${query}`));
  return rows.filter((row) => row.length === 8).map(([device]) => device);
};

test('there is no device yet, and what is unknown is said to be', async () => {
  expect(await scene.read('/devices')).toContain('There is no device yet');
  expect(await scene.read('/devices?q=nothing')).toContain('Nothing is known as nothing');
  const viewer = await scene.as('viewer');
  expect((await viewer.get('/devices/nothing')).status).toBe(404);
  expect((await viewer.get('/orders/nothing')).status).toBe(404);
});

test('devices are found by id, serial number, IMEI, order and purchase order', async () => {
  await dispatchedOrder(scene.rt, '12', ['A', 'B']);
  await dispatchedOrder(scene.rt, '13', ['C'], { purchaseOrderNumber: 'PO 8' });
  await addDevices(scene.rt.db, '14', [{ deviceId: 'D', imei: '350000000000006' }]);
  expect(await devicesFound('q=A')).toEqual(['A']);
  expect(await devicesFound('q=S-B')).toEqual(['B']);
  expect(await devicesFound('q=350000000000006')).toEqual(['D']);
  expect(await devicesFound('q=12')).toEqual(['B', 'A']);
  expect(await devicesFound('q=PO+8')).toEqual(['C']);
  const page = await scene.page('/devices?q=PO+8');
  expect(linkOf(page, '13')).toBe('/orders/13');
  expect(linkOf(page, 'C')).toBe('/devices/C');
});

test('devices are counted by status, and listed by it', async () => {
  await enrolledOrder(scene.rt, '12', ['A', 'B']);
  await dispatchedOrder(scene.rt, '13', ['C']);
  const page = await scene.page('/devices');
  expect(rowsOf(page)).toEqual([
    ['Enrol Pending', '1'],
    ['Enrolled', '2'],
  ]);
  expect(rowsOf(await scene.page(linkOf(page, '2'))).map(([device]) => device)).toEqual(['B', 'A']);
});

test('a device tells its whole story', async () => {
  await enrolledOrder(scene.rt, '12', ['A']);
  const page = await scene.page('/devices/A');
  const story = [...page.matchAll(/<li>([^]*?)<\/li>/g)].map(([, entry = '']) =>
    entry.replace(/<[^>]*>/g, ' '),
  );
  const told = story.map((entry) => entry.replace(/\s+/g, ' ').trim());
  expect(told[0]).toBe('2026-05-02 08:00:00 Dispatch delivery DN-12 left W1');
  expect(told.join('\n')).toMatch(/Order order 12 entered \(Example Ltd\)/);
  expect(told.join('\n')).toMatch(/Device Enrol Pending[^]*Device Enrol Requested[^]*Device Enrolled/);
  expect(page).toContain('<time datetime="2026-05-06T12:00:00.000Z">2026-05-06 12:00:00</time>');
  expect(page).not.toContain('<form');
});

test('an operator gives a device back; only one that is enrolled', async () => {
  await enrolledOrder(scene.rt, '12', ['A']);
  await dispatchedOrder(scene.rt, '13', ['B']);
  expect((await scene.refusal('/devices/A/unenrol', { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect((await scene.refusal('/devices/A/unenrol', {}, 'operator'))[0]).toBe(400);
  expect((await scene.refusal('/devices/B/unenrol', { reason: 'x' }, 'operator'))[0]).toBe(409);
  expect(await scene.page('/devices/B', 'operator')).not.toContain('/unenrol');
  expect(await scene.audited()).toEqual([]);
  const page = await scene.act('/devices/A/unenrol', { reason: 'returned by the customer' });
  expect(page).toContain('Device A is given back');
  expect(page).toContain('some-operator: device.unenrol (returned by the customer)');
  expect(await statuses(scene.rt, '12')).toEqual({ A: 'Unenrol Pending' });
  expect(await scene.audited()).toEqual([
    {
      who: 'some-operator',
      action: 'device.unenrol',
      subject: 'device A',
      reason: 'returned by the customer',
    },
  ]);
});

test('an order shows its lines, dispatches, devices and requests', async () => {
  await enrolledOrder(scene.rt, '12', ['A', 'B']);
  const page = await scene.page('/orders/12');
  const rows = rowsOf(page);
  expect(rows[0]).toEqual(['1', 'phone', '3', 'apple', '880011']);
  expect(rows[1]).toEqual(['DN-12', 'W1', '2026-05-02 08:00:00', '1']);
  expect(rows.slice(2, 4).map((row) => [row[0], row[6]])).toEqual([
    ['B', 'Enrolled'],
    ['A', 'Enrolled'],
  ]);
  expect(rows[4]?.slice(1, 3)).toEqual(['ORDER', 'apple']);
  expect(page).not.toContain('<form');
});

test('an operator voids an order', async () => {
  await enrolledOrder(scene.rt, '12', ['A']);
  expect((await scene.refusal('/orders/12/void', { reason: 'x' }, 'viewer'))[0]).toBe(403);
  const page = await scene.act('/orders/12/void', { reason: 'the customer withdrew' });
  expect(page).toContain('Order 12 is void; devices: 1 Unenrol Pending.');
  expect(page).toContain('its VOID, which the next request job sends');
  expect(await requireOrder(scene.rt.db, '12')).toMatchObject({ pending_action: 'VOID' });
  expect((await scene.refusal('/orders/12/void', { reason: 'x' }, 'operator'))[0]).toBe(409);
  expect(await scene.page('/orders/12', 'operator')).not.toContain('/void');
  expect(await scene.audited()).toEqual([
    { who: 'some-operator', action: 'order.void', subject: 'order 12', reason: 'the customer withdrew' },
  ]);
});

test('an operator overrides an order: only what differs is changed', async () => {
  await enrolledOrder(scene.rt, '12', ['A', 'B', 'C']);
  const form = await scene.page('/orders/12', 'operator');
  expect(form).toMatch(/name="organisation.apple"\s+value="880011"/);
  await scene.act('/orders/12/override', {
    'organisation.apple': '990022',
    'organisation.google': 'G-5',
    purchaseOrder: 'PO 9',
    drop: 'B, C',
    reason: 'the wrong customer',
  });
  expect(await statuses(scene.rt, '12')).toEqual({
    A: 'Enrol Pending',
    B: 'Unenrol Pending',
    C: 'Unenrol Pending',
  });
  expect(await requireOrder(scene.rt.db, '12')).toMatchObject({
    pending_action: 'OVERRIDE',
    purchase_order_number: 'PO 9',
  });
  const audit = await scene.rt.db
    .selectFrom('audit')
    .select('after_json')
    .where('subject', '=', 'order 12')
    .execute();
  expect(JSON.parse(audit[0]?.after_json ?? '')).toEqual({
    pending_action: 'OVERRIDE',
    purchase_order_number: 'PO 9',
    purchaseOrderNumber: 'PO 9',
    organisations: { apple: '990022' },
    drop: ['B', 'C'],
  });
});

test('an override that names a device of another order changes nothing', async () => {
  await enrolledOrder(scene.rt, '12', ['A']);
  const [status, text] = await scene.refusal('/orders/12/override', { drop: 'Z', reason: 'x' }, 'operator');
  expect(status).toBe(400);
  expect(text).toContain('order 12 has no device Z');
  expect(await statuses(scene.rt, '12')).toEqual({ A: 'Enrolled' });
  expect(await scene.audited()).toEqual([]);
});

test('the devices of an order are paged', async () => {
  await addDevices(
    scene.rt.db,
    '14',
    numbers(70).map((n) => ({ deviceId: `D${n}` })),
  );
  const first = await scene.page('/orders/14');
  const second = await scene.page(linkOf(first, 'Older'));
  const listed = [first, second].flatMap((page) => rowsOf(page).filter((row) => row.length === 8));
  expect(listed.map(([device]) => device)).toEqual(numbers(70).map((n) => `D${71 - n}`));
});
