import { html, type Html } from '../html.ts';
import { withQuery } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, table, time } from '../parts.ts';
import { deviceLink, deviceStatus, orderLink } from '../shown.ts';
import { countByStatus, listDevices, type Device } from '../../shared/store/devices.ts';
import { searchOrders, type SalesOrder } from '../../shared/store/orders.ts';
import { deviceStatuses } from '../../shared/store/states/device.ts';
import type { Db } from '../../shared/store/tables.ts';

/** Devices and orders, found by their numbers or by status. */
export const devicesPage: Page = {
  path: '/devices',
  title: 'Devices and Orders',
  menu: 'Daily Operations',
  role: 'viewer',
  render: renderDevices,
};

async function renderDevices({ db }: Context, request: PageRequest): Promise<Html> {
  const text = request.query.optional('q');
  const status = request.query.optionalChoice('status', deviceStatuses);
  const search = html`
    <form class="filters" method="get" role="search">
      <label>
        Device id, serial number, IMEI, order or purchase order
        <input type="search" name="q" value="${text}" required maxlength="200" />
      </label>
      <button type="submit">Search</button>
    </form>
    <form class="filters" method="get">
      ${select('status', 'Status', deviceStatuses, status)}
      <button type="submit">Show</button>
    </form>
  `;
  if (text !== undefined) return html`${search} ${await found(db, request, text)}`;
  if (status === undefined) return html`${search} ${await counts(db)}`;
  const devices = await listDevices(db, { ...keyPage(request), status });
  return html`
    ${search} ${deviceTable(`Devices that are ${status}, newest first`, shownRows(devices))}
    ${newestFirst(request, devices, { status })}
  `;
}

async function found(db: Db, request: PageRequest, text: string): Promise<Html> {
  const orders = await searchOrders(db, text, 50);
  const devices = await listDevices(db, { ...keyPage(request), text });
  if (orders.length === 0 && devices.length === 0) {
    return html`<p>
      Nothing is known as <strong>${text}</strong>. Numbers are looked for whole and as they were written, not
      in part; a device is known once its dispatch file is loaded, an order once it is imported.
    </p>`;
  }
  return html`
    ${orders.length > 0 && orderTable(orders)} ${deviceTable('Devices, newest first', shownRows(devices))}
    ${newestFirst(request, devices, { q: text })}
  `;
}

async function counts(db: Db): Promise<Html> {
  const numbers = await countByStatus(db);
  const present = deviceStatuses.filter((status) => numbers[status] !== undefined);
  if (present.length === 0) return html`<p>There is no device yet: the first dispatch file brings them.</p>`;
  return table(
    'Devices by status',
    ['Status', { title: 'Devices', number: true }],
    present.map((status) => [
      deviceStatus(status),
      html`<a href="${withQuery('/devices', { status })}">${numbers[status]}</a>`,
    ]),
  );
}

const orderTable = (orders: readonly SalesOrder[]): Html =>
  table(
    'Orders, newest first',
    ['Order', 'Customer', 'Purchase order', 'Status', 'Waits for', 'Ordered (UTC)'],
    orders.map((order) => [
      orderLink(order.id),
      order.customer,
      order.purchase_order_number,
      order.status,
      order.pending_action,
      time(order.order_date),
    ]),
  );

export const deviceTable = (caption: string, devices: readonly Device[]): Html =>
  table(
    caption,
    [
      'Device',
      'Serial number',
      'IMEI',
      'Order',
      { title: 'Line', number: true },
      'Provider',
      'Status',
      'Since (UTC)',
    ],
    devices.map((device) => [
      deviceLink(device.device_id),
      device.serial_number,
      device.imei,
      orderLink(device.order_id),
      device.line_number,
      device.provider_id,
      deviceStatus(device.status),
      time(device.updated_at),
    ]),
  );
