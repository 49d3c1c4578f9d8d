import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { pager, rowsPerPage } from '../paging.ts';
import { facts, time } from '../parts.ts';
import { deviceStatus, lines, may, orderLink } from '../shown.ts';
import { storyPart, type StoryEntry, type StoryPart } from '../../shared/operator/device-story.ts';
import { unenrolDevices } from '../../shared/operator/order-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { devicesById, type Device } from '../../shared/store/devices.ts';

/** The whole story of a device, as a time line; of each sale, where it was sold more than once. */
export const devicePage: Page = {
  path: '/devices/:device',
  title: 'Device',
  heading: ({ params }) => `Device ${params.text('device')}`,
  role: 'viewer',
  render: renderDevice,
};

export const unenrolAction: Action = {
  path: '/devices/:device/unenrol',
  title: 'Unenrol',
  role: 'operator',
  run: async (context, request) => {
    const device = request.params.text('device');
    await unenrolDevices(context.db, operatorOf(context, request), [device]);
    const notice = `Device ${device} is given back: the next run of Device Enrolment Request sends a RETURN.`;
    return { to: pathTo('/devices/:device', { device }), notice };
  },
};

/** Sales of one device that are told: more, and it is no device. */
const salesShown = 10;

async function renderDevice(context: Context, request: PageRequest): Promise<Html> {
  const id = request.params.text('device');
  const devices = await devicesById(context.db, id);
  if (devices.length === 0) throw new Fault('NOT_FOUND', `there is no device ${id}`);
  const sales = devices.slice(0, salesShown);
  const stories = await Promise.all(
    sales.map((device, index) => saleOf(context, request, device, index === 0)),
  );
  return html`${stories}`;
}

async function saleOf(
  context: Context,
  request: PageRequest,
  device: Device,
  newest: boolean,
): Promise<Html> {
  const name = `before-${device.id}`;
  const before = request.query.optional(name);
  const part = await storyPart(context.db, device, { before, limit: rowsPerPage });
  return html`
    <h2>Order ${orderLink(device.order_id)}, line ${device.line_number}</h2>
    ${deviceFacts(device)} ${newest && may(context, 'operator') && unenrolForm(context, device)}
    ${timeline(part)} ${pager(request, { name, of: `story in order ${device.order_id}`, next: part.older })}
  `;
}

/** The newest stand last, as in a story; what came before them is a page further. */
const timeline = ({ entries }: StoryPart): Html => html`
  <ol class="timeline">
    ${entries.map(entryOf)}
  </ol>
`;

const deviceFacts = (device: Device): Html =>
  facts([
    ['Status', deviceStatus(device.status)],
    ['Device id', device.device_id],
    ['Provider', device.provider_id ?? 'none: needs no enrolment'],
    ['Serial number', device.serial_number],
    ['IMEI', device.imei],
    ['Second IMEI', device.imei2],
    ['MEID', device.meid],
    ['Manufacturer', device.manufacturer],
    ['Model', device.model],
    ['Asset tag', device.asset_tag],
    ['Product id', device.product_id],
  ]);

const kindNames: Readonly<Record<StoryEntry['kind'], string>> = {
  order: 'Order',
  dispatch: 'Dispatch',
  device: 'Device',
  batch: 'Batch',
  file: 'File',
  provider: 'Provider',
  event: 'Workflow event',
  operator: 'By hand',
};

const entryOf = ({ at, kind, text }: StoryEntry): Html => html`
  <li>${time(at)} <strong>${kindNames[kind]}</strong> ${lines(text)}</li>
`;

/** Only what a provider holds for us can be given back. */
const unenrolForm = (context: Context, device: Device): Html | false =>
  (device.status === 'Enrolled' || device.status === 'Unenrol Failed') &&
  html`<div class="actions">
    ${actionForm(context, {
      action: pathTo('/devices/:device/unenrol', { device: device.device_id }),
      label: 'Unenrol',
      reason: true,
      warning: 'The provider is asked to take the device out of the customer’s organisation.',
    })}
  </div>`;
