import type { GenericDevice } from '../shared/generic/schema-parts.ts';
import type { ProviderConfig } from '../shared/runtime/provider-schema.ts';
import type { SimulatorFiles } from './simulator-files.ts';

/** The providers that the demo can play with: how each is simulated, how it is configured, and whom it knows. */

export interface CastMember {
  /** The deviceEnrolmentProviderId. */
  readonly id: string;
  readonly title: string;
  /** Begins the numbers of its orders. */
  readonly orders: string;
  /** Identifiers of its n-th device, beside the device id. */
  device(n: number): Omit<GenericDevice, 'deviceId'>;
  /** The customers' organisations at the provider. */
  readonly organisations: readonly [string, string, string];
  /** What the provider says of the device that it refuses: rules of the simulator, and the words that come back. */
  refuse(device: Omit<GenericDevice, 'deviceId'>): { readonly rules: object; readonly says: string };
  /** Settings, beside those of the transport. */
  readonly settings: { readonly format: ProviderConfig['format'] } & Record<string, unknown>;
  /** How we prove over HTTPS who we are. */
  https(caller: SimulatorFiles['caller'], url: string): Record<string, unknown>;
}

const oauth2 = ({ clientId, clientSecretFile }: SimulatorFiles['caller'], url: string) => ({
  authentication: 'oauth2',
  tokenUrl: `${url}/oauth2/token`,
  clientId,
  clientSecretFile,
});

/** A made-up IMEI with a right check digit, of a range for tests. */
function imei(n: number): string {
  const first = `00101${String(700_000_000 + n)}`;
  const sum = Array.from(first, Number).reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${first}${(10 - (sum % 10)) % 10}`;
}

const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const cast: readonly CastMember[] = [
  {
    id: 'apple',
    title: 'Apple',
    orders: '8842',
    device: (n) => ({ serialNumber: `ZZDEMO${String(n).padStart(6, '0')}`, manufacturer: 'Apple' }),
    organisations: ['7100456', '7100812', '7100333'],
    refuse: ({ serialNumber = '' }) => {
      const errorMessage = 'The device is assigned to another customer.';
      return {
        rules: { refuseDevices: { [serialNumber]: { errorCode: 'DEP-ERR-DE-4304', errorMessage } } },
        says: errorMessage,
      };
    },
    settings: { format: 'apple', account: { shipTo: '0000071234', depResellerId: '16FCE4A0' } },
    https: ({ certificateFile, keyFile }) => ({ authentication: 'certificate', certificateFile, keyFile }),
  },
  {
    id: 'google-zero-touch',
    title: 'Google zero-touch',
    orders: '8843',
    device: (n) => ({ imei: imei(n), manufacturer: 'Google', model: 'Pixel 10' }),
    organisations: ['1234567890', '1234567891', '1234567892'],
    refuse: ({ imei: device = '' }) => {
      const errorMessage = 'The device is claimed by another company.';
      const status = 'SECTION_NOT_YOURS';
      return { rules: { refuseDevices: { [device]: { status, errorMessage } } }, says: errorMessage };
    },
    settings: { format: 'google-zero-touch', account: { partnerId: '555' } },
    https: ({ serviceAccountFile }) => ({ authentication: 'google-service-account', serviceAccountFile }),
  },
  {
    id: 'samsung-knox',
    title: 'Samsung Knox',
    orders: '8844',
    device: (n) => ({ imei: imei(100 + n), manufacturer: 'Samsung', model: 'Galaxy S26' }),
    organisations: ['2000000001', '2000000002', '2000000003'],
    refuse: ({ imei: device = '' }) => {
      const refusal = { code: 40000004, message: 'DEVICE_INVALID' };
      return { rules: { refuseDevices: { [device]: refusal } }, says: 'DEVICE_INVALID' };
    },
    settings: { format: 'samsung-knox', account: { generation: 2, resellerId: '1000000001' } },
    https: oauth2,
  },
  {
    id: 'windows-autopilot',
    title: 'Windows Autopilot',
    orders: '8845',
    device: (n) => ({ serialNumber: `ZZ-PC-${n}`, manufacturer: 'Contoso', model: 'Laptop 13' }),
    organisations: [guid(1), guid(2), guid(3)],
    refuse: ({ serialNumber = '' }) => {
      const errorDescription = 'ZtdDeviceAssignedToOtherTenant';
      const refusal = { errorCode: '808', errorDescription };
      return { rules: { refuseDevices: { [serialNumber]: refusal } }, says: errorDescription };
    },
    settings: { format: 'windows-autopilot' },
    https: oauth2,
  },
  {
    id: 'distributor',
    title: 'a distributor, by settings alone',
    orders: '8846',
    device: (n) => ({ serialNumber: `ZZDIST${String(n).padStart(6, '0')}` }),
    organisations: ['C-1001', 'C-1002', 'C-1003'],
    refuse: ({ serialNumber = '' }) => {
      const text = 'The device is not of this customer';
      return { rules: { refuseDevices: { [serialNumber]: { code: 'NOT-YOURS', text } } }, says: text };
    },
    settings: {
      format: 'configured',
      mapping: {
        request: {
          kind: 'csv',
          rows: 'device',
          path: '/v1/enrolments',
          types: { ORDER: 'ENROL', RETURN: 'RETURN' },
          byDevice: ['VOID', 'OVERRIDE'],
          key: 'firstIdentifier',
          identifiers: ['serialNumber', 'imei'],
          fields: [
            { name: 'Transaction', from: 'transactionId' },
            { name: 'Action', from: 'requestType' },
            { name: 'Order', from: 'orderNumber' },
            { name: 'Customer', from: 'organisationId' },
            { name: 'Delivery', from: 'deliveryNumber', required: false },
            { name: 'Shipped', from: 'shipDate', required: false },
            { name: 'Device', from: 'firstIdentifier' },
            { name: 'AssetTag', from: 'assetTag', required: false },
          ],
        },
        acknowledgement: {
          kind: 'csv',
          status: 'Status',
          words: { accepted: ['RECEIVED'], refused: ['REFUSED'] },
          code: 'Code',
          text: 'Text',
          providerTransactionId: 'Reference',
        },
        answer: {
          kind: 'csv',
          key: 'Device',
          status: 'Result',
          code: 'Code',
          text: 'Text',
          words: { success: ['DONE'], failure: ['FAILED'], pending: ['OPEN'] },
          whole: { transactionId: 'Transaction' },
        },
        query: { method: 'GET', path: '/v1/enrolments/{transactionId}', notFound: ['NO-SUCH-TRANSACTION'] },
        errors: [{ code: 'TOO-MANY', class: 'split', text: 'The sheet has too many devices' }],
      },
    },
    https: ({ tokenFile }) => ({ authentication: 'token', tokenHeader: 'X-Api-Key', tokenFile }),
  },
];
