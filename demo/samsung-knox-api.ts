import { randomUUID } from 'node:crypto';

import { TokenOffice } from './oauth2.ts';
import type { Secrets } from './simulator-files.ts';
import { gen1, gen2, type KnoxError, type KnoxErrors } from './samsung-knox-errors.ts';
import { readGen1, readGen2, type KnoxRequest } from './samsung-knox-request-check.ts';
import {
  KnoxService,
  knoxRules,
  type DeviceVerdict,
  type KnoxRules,
  type Transaction,
} from './samsung-knox-service.ts';
import {
  answerByRoute,
  type Answer,
  type Call,
  type Refusal,
  type Route,
  type RoutedCall,
  type Service,
} from './service.ts';

/**
 * Both generations of the Knox Deployment Program: `/bulkenroll` with a token in a header, and `/kcs` with OAuth2, whose
 * token endpoint is `/oauth2/token`. https://docs.samsungknox.com/dev/knox-deployment-program/
 */

/** What one generation does in its own way. */
interface Generation {
  readonly errors: KnoxErrors;
  readonly guard: (call: Call) => Answer | undefined;
  readonly read: (operation: KnoxRequest['operation'], document: unknown) => KnoxRequest | undefined;
  readonly upload: RegExp;
  readonly delete: RegExp;
  readonly status: RegExp;
  /** The answer about one transaction. */
  readonly tell: (found: object) => object;
  /** Success is a number here and a text there. */
  readonly codes: 'number' | 'text';
  readonly refuse: (error: KnoxError, transactionId: string, code: number | string) => object;
}

export function samsungKnoxApi(
  { token, clients }: Secrets,
  service = new KnoxService(),
  now = () => new Date(),
): Service<KnoxRules> {
  const office = new TokenOffice({ now, newId: randomUUID });
  const first: Generation = {
    errors: gen1,
    guard: ({ headers }) =>
      token !== '' && headers['x-wsm-api-token'] === token ? undefined : unauthorised(gen1),
    read: readGen1,
    upload: /^\/bulkenroll\/v[12]\/reseller\/devices$/,
    delete: /^\/bulkenroll\/v[12]\/reseller\/devices\/delete$/,
    status: /^\/bulkenroll\/v[12]\/reseller\/devices\/status$/,
    tell: (found) => ({ totalCount: 1, totalPage: 1, pageNum: 0, transactions: [found] }),
    codes: 'number',
    refuse: ({ message }, transactionId, code) => ({
      transactionId,
      state: 'Rejected',
      code,
      message,
      data: 'Refused by the simulator',
    }),
  };
  const second: Generation = {
    errors: gen2,
    guard: (call) => (office.knows(call) ? undefined : unauthorised(gen2)),
    read: readGen2,
    upload: /^\/kcs\/v1\/rp\/devices\/upload$/,
    delete: /^\/kcs\/v1\/rp\/devices\/delete$/,
    status: /^\/kcs\/v1\/rp\/devices\/status$/,
    tell: (found) => found,
    codes: 'text',
    refuse: ({ message }, _transactionId, code) => ({
      errorId: randomUUID().slice(0, 6),
      code,
      message,
      data: 'Refused by the simulator',
    }),
  };
  const routes: Route<KnoxRules>[] = [
    office.clientCredentials(/^\/oauth2\/token$/, clients),
    ...[first, second].flatMap((generation) => [
      change('upload', generation, service),
      change('delete', generation, service),
      status(generation, service),
    ]),
  ];
  return {
    rules: knoxRules,
    answer: (call, rules) => answerByRoute(routes, (refusal) => refusals[refusal], call, rules),
  };
}

function change(
  operation: KnoxRequest['operation'],
  generation: Generation,
  service: KnoxService,
): Route<KnoxRules> {
  return {
    method: 'PUT',
    path: generation[operation],
    takes: 'application/json',
    guard: generation.guard,
    handle: ({ document }, rules) => {
      const request = generation.read(operation, document);
      const error = request ? service.take(request, generation.errors, rules) : generation.errors.badRequest;
      const { transactionId = '' } = request ?? {};
      if (error) return refused(generation, error, transactionId, rules);
      const code = written(2000000, rules.codes ?? generation.codes);
      return { status: 200, body: { transactionId, state: 'Progress', code, message: 'SUCCESS' } };
    },
  };
}

function status(generation: Generation, service: KnoxService): Route<KnoxRules> {
  return {
    method: 'GET',
    path: generation.status,
    guard: generation.guard,
    handle: ({ query }: RoutedCall, rules) => {
      const transactionId = query.get('transactionId') ?? '';
      const resellerId = query.get('resellerId') ?? '';
      if (resellerId === '')
        return refused(generation, generation.errors.resellerMissing, transactionId, rules);
      const found = service.poll({ resellerId, transactionId }, rules);
      if (found) return { status: 200, body: generation.tell(told(found, rules)) };
      if (rules.unknownTransaction === 'empty')
        return { status: 200, body: { totalCount: 0, totalPage: 0, pageNum: 0, transactions: [] } };
      return refused(generation, generation.errors.transactionUnknown, transactionId, rules);
    },
  };
}

/** A transaction as the status call tells it. Only a device that failed has a code. */
function told(
  { transaction, pending }: { readonly transaction: Transaction; readonly pending: boolean },
  { omitDevices, codes = 'number' }: KnoxRules,
): object {
  const { request, state, devices } = transaction;
  const isUpload = request.operation === 'upload';
  const common = {
    transactionId: request.transactionId,
    type: isUpload ? 'Put' : 'Delete',
    ...(request.orderNo === undefined ? {} : { orderNo: request.orderNo }),
  };
  if (pending) return { ...common, state: 'Progress' };
  const listed = devices.filter(({ id }) => !omitDevices.includes(id));
  return { ...common, state, devices: listed.map((device) => toldDevice(device, codes)) };
}

function toldDevice({ id, kind, error }: DeviceVerdict, codes: 'number' | 'text'): object {
  const name = kind === 'IMEI' ? { imei: id } : { serialNumber: id };
  if (!error) return name;
  return {
    ...name,
    code: written(error.code, codes),
    message: error.message,
    data: 'Refused by the simulator',
  };
}

const written = (code: number, codes: 'number' | 'text'): number | string =>
  codes === 'text' ? String(code) : code;

function refused(
  generation: Generation,
  error: KnoxError,
  transactionId: string,
  { codes = 'number', rejectedWith200 }: KnoxRules,
): Answer {
  const body = generation.refuse(error, transactionId, written(error.code, codes));
  return { status: rejectedWith200 ? 200 : error.httpStatus, body };
}

/** The one error without an `errorId`. */
const unauthorised = ({ unauthorised: { code, message, httpStatus } }: KnoxErrors): Answer => ({
  status: httpStatus,
  body: { code, message, data: 'The token is missing, unknown or expired' },
});

const refusals: Record<Refusal, Answer> = {
  'no such path': { status: 404 },
  'wrong method': { status: 405 },
  'wrong media type': { status: 415 },
  'no body': { status: 400, body: { errorId: 'empty', code: gen2.badRequest.code, message: 'BAD_REQUEST' } },
  'not JSON': { status: 400, body: { errorId: 'json', code: gen2.badRequest.code, message: 'BAD_REQUEST' } },
};
