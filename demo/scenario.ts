import type { SalesOrderDispatch } from '../shared/generic/sales-order-dispatch.ts';
import type { DeviceStatus } from '../shared/store/states/device.ts';

/** The story of the demo: what is dispatched, what the provider refuses, and how each device must end. */

interface DemoDevice {
  readonly serialNumber: string;
  readonly order: string;
  readonly line: number;
  readonly story: string;
  readonly ends: DeviceStatus;
}

export const devices: readonly DemoDevice[] = [
  { serialNumber: 'ZZDEMO000001', order: '884210', line: 1, story: 'enrols', ends: 'Enrolled' },
  { serialNumber: 'ZZDEMO000002', order: '884210', line: 1, story: 'enrols', ends: 'Enrolled' },
  { serialNumber: 'ZZDEMO000003', order: '884210', line: 1, story: 'enrols', ends: 'Enrolled' },
  {
    serialNumber: 'ZZDEMO000004',
    order: '884211',
    line: 1,
    story: 'enrols beside a refused one',
    ends: 'Enrolled',
  },
  { serialNumber: 'ZZDEMO000005', order: '884211', line: 1, story: 'is refused', ends: 'Enrol Failed' },
  {
    serialNumber: 'ZZDEMO000006',
    order: '884211',
    line: 1,
    story: 'enrols beside a refused one',
    ends: 'Enrolled',
  },
  {
    serialNumber: 'ZZDEMO000007',
    order: '884212',
    line: 1,
    story: 'its order is refused',
    ends: 'Enrol Failed',
  },
  {
    serialNumber: 'ZZDEMO000008',
    order: '884212',
    line: 1,
    story: 'its order is refused',
    ends: 'Enrol Failed',
  },
  {
    serialNumber: 'ZZDEMO000009',
    order: '884213',
    line: 1,
    story: 'enrols, is returned',
    ends: 'Unenrolled',
  },
  { serialNumber: 'ZZDEMO000010', order: '884213', line: 2, story: 'enrols, stays', ends: 'Enrolled' },
  {
    serialNumber: 'ZZDEMO000011',
    order: '884214',
    line: 1,
    story: 'no enrolment asked',
    ends: 'Not Required',
  },
];

export const returned = 'ZZDEMO000009';

/** What the simulated provider refuses, in its own words. */
export const providerRules = {
  refuseDevices: {
    ZZDEMO000005: {
      errorCode: 'DEP-ERR-DE-4304',
      errorMessage: 'The device is assigned to another customer.',
    },
  },
  refuseOrganisations: {
    '7199999': { errorCode: 'DEP-ERR-OR-4102', errorMessage: 'The customer id is not valid.' },
  },
};

/** The generic file in which the warehouse reports the dispatch of one order. */
export function dispatchOf(order: string): SalesOrderDispatch {
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
          devices: group.map(({ serialNumber }) => ({
            deviceId: serialNumber,
            serialNumber,
            manufacturer: 'Apple',
          })),
        })),
      },
    ],
  };
}
