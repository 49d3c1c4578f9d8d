import { randomUUID } from 'node:crypto';

import type { z } from 'zod';

import { TokenOffice } from './oauth2.ts';
import type { Secrets } from './simulator-files.ts';
import {
  answerByRoute,
  type Answer,
  type Call,
  type Refusal,
  type Route,
  type RoutedCall,
  type Service,
} from './service.ts';
import { batchShape, devicesShape } from './windows-autopilot-request-check.ts';
import {
  AutopilotService,
  autopilotRules,
  namesOf,
  type AutopilotRules,
  type Registration,
} from './windows-autopilot-service.ts';

/**
 * Device deployment in Microsoft's Partner Center, with a token endpoint at `/oauth2/token`.
 * https://learn.microsoft.com/en-us/partner-center/developer/device-deployment-resources
 */

const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const below = (path: string) => new RegExp(`^/v1/customers/(?<customer>${guid})/${path}$`, 'i');

export function windowsAutopilotApi(
  { clients }: Secrets,
  service = new AutopilotService({ now: () => new Date(), newId: randomUUID }),
  now = () => new Date(),
): Service<AutopilotRules> {
  const office = new TokenOffice({ now, newId: randomUUID });
  const guard = (call: Call) => (office.knows(call) ? wrongIds(call) : problem(401, 'Unauthorized'));
  const route = (
    method: Route<AutopilotRules>['method'],
    path: string,
    handle: (call: RoutedCall, rules: AutopilotRules) => Answer,
  ): Route<AutopilotRules> => ({
    method,
    path: below(path),
    ...(method === 'POST' ? { takes: 'application/json' as const } : {}),
    guard,
    handle: (call, rules) => {
      const known = rules.customers.length === 0 || rules.customers.includes(call.parameters.customer ?? '');
      return known ? handle(call, rules) : problem(404, 'The customer was not found');
    },
  });
  const accepted = (customer: string, trackingId: string): Answer => ({
    status: 202,
    headers: { location: `/customers/${customer}/batchJobStatus/${trackingId}` },
  });
  const notFound = problem(404, 'There is nothing of that id');

  const routes = [
    office.clientCredentials(/^\/oauth2\/token$/, clients),
    route('POST', 'deviceBatches', ({ document, parameters: { customer = '' } }, rules) => {
      const read = batchShape.safeParse(document);
      if (!read.success) return misshapen(read.error);
      const { BatchId, Devices } = read.data;
      if (Devices.length > rules.devicesPerBatch) return problem(413, 'The batch is too large');
      if (service.hasBatch(customer, BatchId)) return problem(409, 'A batch of that name exists');
      return accepted(customer, service.upload(customer, BatchId, Devices, rules));
    }),
    route('GET', 'deviceBatches', ({ parameters: { customer = '' } }) => {
      const items = service.batches(customer).map((batch) => ({
        ...batch,
        createdBy: 'simulator',
        devicesLink: link(`/customers/${customer}/deviceBatches/${encodeURIComponent(batch.id)}/devices`),
        attributes: { objectType: 'DeviceBatch' },
      }));
      return collection(items);
    }),
    route(
      'POST',
      'deviceBatches/(?<batch>[^/]+)/devices',
      ({ document, parameters: { customer = '', batch = '' } }, rules) => {
        const read = devicesShape.safeParse(document);
        if (!read.success) return misshapen(read.error);
        if (!service.hasBatch(customer, batch)) return notFound;
        return accepted(customer, service.upload(customer, batch, read.data, rules));
      },
    ),
    route('GET', 'deviceBatches/(?<batch>[^/]+)/devices', ({ parameters: { customer = '', batch = '' } }) =>
      service.hasBatch(customer, batch)
        ? collection(service.devices(customer, batch).map(deviceItem))
        : notFound,
    ),
    route(
      'DELETE',
      `deviceBatches/(?<batch>[^/]+)/devices/(?<device>${guid})`,
      ({ parameters: { customer = '', batch = '', device = '' } }) =>
        service.remove(customer, batch, device) ? { status: 204 } : notFound,
    ),
    route(
      'GET',
      `batchJobStatus/(?<tracking>${guid})`,
      ({ parameters: { customer = '', tracking = '' } }, rules) => {
        const job = service.poll(customer, tracking, rules);
        return job ? { status: 200, body: job } : notFound;
      },
    ),
  ];
  return {
    rules: autopilotRules,
    answer: (call, rules) => answerByRoute(routes, (refusal) => refusals[refusal], call, rules),
  };
}

/** The error shape of Partner Center; its codes are not documented for this resource. */
const problem = (status: number, description: string): Answer => ({
  status,
  body: { code: status, description },
});

const refusals: Record<Refusal, Answer> = {
  'no such path': problem(404, 'There is nothing of that address'),
  'wrong method': problem(405, 'The method is not allowed'),
  'wrong media type': problem(415, 'The media type is not supported'),
  'no body': problem(400, 'The body is missing'),
  'not JSON': problem(400, 'The body is not JSON'),
};

/** Ids of a request are GUIDs where they are given. */
function wrongIds({ headers }: Call): Answer | undefined {
  const ids = [headers['ms-requestid'], headers['ms-correlationid']].filter((id) => id !== undefined);
  const valid = ids.every((id) => typeof id === 'string' && new RegExp(`^${guid}$`, 'i').test(id));
  return valid ? undefined : problem(400, 'MS-RequestId and MS-CorrelationId must be GUIDs');
}

function misshapen(error: z.ZodError): Answer {
  const issue = error.issues[0];
  return problem(400, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

const link = (uri: string) => ({ uri, method: 'GET', headers: [] });

const collection = (items: readonly object[]): Answer => ({
  status: 200,
  body: { totalCount: items.length, items, attributes: { objectType: 'Collection' } },
});

const deviceItem = ({ id, posted, uploadedDate }: Registration) => ({
  id,
  ...namesOf(posted),
  policies: [],
  uploadedDate,
  allowedOperations: ['Delete'],
  attributes: { objectType: 'Device' },
});
