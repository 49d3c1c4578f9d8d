import { z } from 'zod';

import { passesLuhn } from './luhn.ts';

/** Bodies of the Knox Deployment Program, in both generations, and the one form in which the service takes them. */

const text = z.string().min(1);
const kind = z.enum(['IMEI', 'SN']);
const list = z.array(text).min(1);
const sender = {
  transactionId: text,
  resellerId: z.string().optional(),
  vendorId: text.optional(),
  customerId: z.string().default(''),
};

/** A list of devices of one kind, or in the first generation an earlier upload as a whole. */
export interface KnoxRequest {
  readonly operation: 'upload' | 'delete';
  readonly transactionId: string;
  readonly resellerId: string;
  readonly vendorId: string;
  readonly customerId: string;
  readonly kind: 'IMEI' | 'SN';
  readonly devices: readonly string[];
  readonly removeTransactionId?: string | undefined;
  readonly orderNo?: string | undefined;
}

const gen1Devices = z.strictObject({ type: kind, list });
const gen1Upload = z.strictObject({ ...sender, transactionType: z.literal('New'), devices: gen1Devices });
const gen1Delete = z
  .strictObject({
    ...sender,
    transactionType: z.literal('Delete'),
    devices: gen1Devices.optional(),
    removeTransactionId: text.optional(),
  })
  .refine((body) => (body.devices === undefined) !== (body.removeTransactionId === undefined));
const gen2Body = z.strictObject({ ...sender, type: kind, devices: list, orderNo: text.optional() });

/** Reads a body of the first generation; undefined when it is not of its form. */
export function readGen1(operation: KnoxRequest['operation'], document: unknown): KnoxRequest | undefined {
  const read = (operation === 'upload' ? gen1Upload : gen1Delete).safeParse(document);
  if (!read.success) return undefined;
  const { transactionType, devices, resellerId = '', vendorId = '', ...rest } = read.data;
  return {
    ...rest,
    operation,
    resellerId,
    vendorId,
    kind: devices?.type ?? 'IMEI',
    devices: devices?.list ?? [],
  };
}

/** The same of the second generation, in which the path says what is asked for. */
export function readGen2(operation: KnoxRequest['operation'], document: unknown): KnoxRequest | undefined {
  const read = gen2Body.safeParse(document);
  if (!read.success) return undefined;
  const { type, resellerId = '', vendorId = '', ...rest } = read.data;
  return { ...rest, operation, resellerId, vendorId, kind: type };
}

export function isValidDevice(id: string, kindOfId: KnoxRequest['kind']): boolean {
  return kindOfId === 'IMEI' ? /^\d{15}$/.test(id) && passesLuhn(id) : /^[0-9A-Za-z]{1,20}$/.test(id);
}
