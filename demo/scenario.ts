import type { SalesOrderDispatch } from '../shared/generic/sales-order-dispatch.ts';
import type { GenericDevice } from '../shared/generic/schema-parts.ts';
import type { DeviceStatus } from '../shared/store/states/device.ts';
import type { CastMember } from './cast.ts';

/** The story of the demo: what is dispatched, what the providers refuse, and how each device must end. */

export interface DemoDevice {
  readonly device: GenericDevice;
  readonly order: string;
  readonly line: number;
  readonly story: string;
  readonly ends: DeviceStatus;
}

/** What is played with one provider. */
export interface Story {
  readonly member: CastMember;
  readonly transport: 'spool' | 'https';
  /** As `enrol orders import` takes them. */
  readonly orders: readonly object[];
  readonly devices: readonly DemoDevice[];
  /** Enrolled, and returned later. */
  readonly returned: string;
  /** Rules of the simulator. */
  readonly rules: object;
  /** Words of the provider that must reach the workflow events. */
  readonly refusals: readonly string[];
}

interface Line {
  readonly product: string;
  readonly devices: readonly [n: number, story: string, ends: DeviceStatus][];
}

interface Order {
  readonly number: string;
  readonly customer: string;
  readonly organisation?: string;
  readonly lines: readonly Line[];
}

const enrols = (n: number): Line['devices'][number] => [n, 'enrols', 'Enrolled'];

/** Played with every provider: everything goes well; one device is refused beside others; one is returned. */
const commonOrders = ({ orders, organisations }: CastMember): Order[] => [
  {
    number: `${orders}10`,
    customer: 'Northwind Logistics',
    organisation: organisations[0],
    lines: [{ product: 'Phone', devices: [enrols(1), enrols(2), enrols(3)] }],
  },
  {
    number: `${orders}11`,
    customer: 'Harbour Clinic',
    organisation: organisations[1],
    lines: [
      {
        product: 'Tablet',
        devices: [
          [4, 'enrols beside a refused one', 'Enrolled'],
          [5, 'is refused', 'Enrol Failed'],
          [6, 'enrols beside a refused one', 'Enrolled'],
        ],
      },
    ],
  },
  {
    number: `${orders}13`,
    customer: 'Fairview School',
    organisation: organisations[2],
    lines: [
      { product: 'Laptop', devices: [[9, 'enrols, is returned', 'Unenrolled']] },
      { product: 'Phone', devices: [[10, 'enrols, stays', 'Enrolled']] },
    ],
  },
];

export const refusedOrganisation = '7199999';
const organisationRefusal = { errorCode: 'DEP-ERR-OR-4102', errorMessage: 'The customer id is not valid.' };

/** Played with Apple's files: an order that is refused as a whole, and one that asks for no enrolment. */
const furtherOrders = ({ orders }: CastMember): Order[] => [
  {
    number: `${orders}12`,
    customer: 'Old Mill Bakery',
    organisation: refusedOrganisation,
    lines: [
      {
        product: 'Phone',
        devices: [
          [7, 'its order is refused', 'Enrol Failed'],
          [8, 'its order is refused', 'Enrol Failed'],
        ],
      },
    ],
  },
  {
    number: `${orders}14`,
    customer: 'Corner Print Shop',
    lines: [{ product: 'Tablet', devices: [[11, 'no enrolment asked', 'Not Required']] }],
  },
];

/** The story with one provider. Over the spool it has two orders more, because there the provider is Apple. */
export function storyOf(member: CastMember, transport: Story['transport']): Story {
  const orders = [...commonOrders(member), ...(transport === 'spool' ? furtherOrders(member) : [])];
  const { rules, says } = member.refuse(member.device(5));
  return {
    member,
    transport,
    orders: orders.map((order) => importForm(member, order)),
    devices: orders.flatMap((order) => devicesOf(member, order)),
    returned: deviceOf(member, 9).deviceId,
    rules:
      transport === 'spool'
        ? { ...rules, refuseOrganisations: { [refusedOrganisation]: organisationRefusal } }
        : rules,
    refusals: transport === 'spool' ? [says, organisationRefusal.errorMessage] : [says],
  };
}

const importForm = ({ id }: CastMember, { number, customer, organisation, lines }: Order): object => ({
  id: number,
  customer,
  orderDate: '2026-01-12T09:15:00Z',
  purchaseOrderNumber: `PO-${number}`,
  enrolmentRequired: organisation !== undefined,
  organisations: organisation === undefined ? {} : { [id]: organisation },
  lines: lines.map(({ product, devices }, index) => ({
    lineNumber: index + 1,
    product,
    quantity: devices.length,
    provider: id,
  })),
});

const devicesOf = (member: CastMember, { number, lines }: Order): DemoDevice[] =>
  lines.flatMap(({ devices }, index) =>
    devices.map(([n, story, ends]) => ({
      device: deviceOf(member, n),
      order: number,
      line: index + 1,
      story,
      ends,
    })),
  );

/** The customer's own name of a device is what is printed on it. */
function deviceOf(member: CastMember, n: number): GenericDevice {
  const device = member.device(n);
  return { deviceId: device.serialNumber ?? device.imei ?? '', ...device };
}

/** The generic file in which the warehouse reports the dispatch of one order. */
export function dispatchOf(order: string, devices: readonly DemoDevice[]): SalesOrderDispatch {
  const lines = Map.groupBy(
    devices.filter((device) => device.order === order),
    (device) => device.line,
  );
  return {
    interfaceCategory: 'Sales Order',
    interfaceType: 'Sales Order Dispatch',
    version: 1.2,
    transmitDateTime: '2026-01-13T16:05:00Z',
    externalFileName: `wh-${order}.json`,
    recordCount: 1,
    wareHouse: { id: 'WH-EAST' },
    orders: [
      {
        id: order,
        status: 'DISPATCHED',
        dispatchDateTime: '2026-01-13T16:00:00Z',
        deliveryNumber: `DN-${order}`,
        lines: [...lines].map(([lineNumber, group]) => ({
          lineNumber,
          devices: group.map(({ device }) => device),
        })),
      },
    ],
  };
}
