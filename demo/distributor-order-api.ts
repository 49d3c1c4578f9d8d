import { z } from 'zod';

import type { DistributorRules } from './distributor-service.ts';
import type { Answer, Call, Route, Surroundings } from './service.ts';

/**
 * An API that enrols a whole order, whose devices the partner knows already, as KPN's hardware enrolment does. The call
 * that asks for the state of an order is ours: the public description has none.
 */

const base = '/mobile/kpn/mobileservices/order';
const body = z.strictObject({ orderId: z.number().int().min(1), referenceNumber: z.string().min(1) });

interface Summary {
  readonly contextName: string;
  readonly creationDate: string;
  readonly id: number;
  readonly operation: string;
  readonly referenceNumber: string;
  readonly status: string;
}

export function orderRoutes(
  { now, newId }: Surroundings,
  guard: (call: Call) => boolean,
): Route<DistributorRules>[] {
  const orders = new Map<number, Summary>();
  const error = (status: number, name: string, message: string): Answer => ({
    status,
    body: { transactionId: newId(), status, name, message, info: '' },
  });
  const guarded = (call: Call) =>
    guard(call) ? undefined : error(401, 'Unauthorized', 'The access token is missing or not valid');
  const place = (program: 'apple-dep' | 'samsung-knox'): Route<DistributorRules> => ({
    method: 'POST',
    path: new RegExp(`^${base}/${program}$`),
    takes: 'application/json',
    guard: guarded,
    handle: ({ document }, rules) => {
      const read = body.safeParse(document);
      if (!read.success) return error(400, 'Bad Request', 'The request is not valid');
      const { orderId: id, referenceNumber } = read.data;
      const exists = rules.orders.length === 0 || rules.orders.includes(id);
      if (!exists) return error(404, 'Not Found', 'There is no such order');
      const summary = orders.get(id) ?? {
        contextName: program,
        creationDate: now().toISOString(),
        id,
        operation: 'ENROLL',
        referenceNumber,
        status: 'InProgress',
      };
      orders.set(id, summary);
      return { status: 200, body: summary };
    },
  });
  const ask: Route<DistributorRules> = {
    method: 'GET',
    path: new RegExp(`^${base}/(?<id>\\d+)$`),
    guard: guarded,
    handle: ({ parameters: { id = '' } }, { orderEnds }) => {
      const summary = orders.get(Number(id));
      if (!summary) return error(404, 'Not Found', 'There is no such order');
      return { status: 200, body: { ...summary, status: orderEnds[id] ?? 'Finished' } };
    },
  };
  return [place('apple-dep'), place('samsung-knox'), ask];
}
