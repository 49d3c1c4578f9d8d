import { randomUUID } from 'node:crypto';

import { orderRoutes } from './distributor-order-api.ts';
import { DistributorService, distributorRules, type DistributorRules } from './distributor-service.ts';
import { TokenOffice } from './oauth2.ts';
import type { Secrets } from './simulator-files.ts';
import { answerByRoute, type Answer, type Call, type Refusal, type Route, type Service } from './service.ts';
import type { FileService } from './spool-simulator.ts';

/**
 * The distributor over HTTPS: sheets under a key in `X-Api-Key`, and orders under OAuth2 (`/oauth2/token`); and over the
 * spool, where each sheet is answered with its result.
 */

const csv = { 'content-type': 'text/csv; charset=utf-8' };
const sheet = (body: string): Answer => ({ status: 200, headers: csv, body });

export function distributorApi(
  { token, clients }: Secrets,
  service = new DistributorService(),
  now = () => new Date(),
): Service<DistributorRules> {
  const surroundings = { now, newId: randomUUID };
  const office = new TokenOffice(surroundings);
  const guard = ({ headers }: Call): Answer | undefined =>
    token !== '' && headers['x-api-key'] === token ? undefined : { status: 401 };
  const routes: Route<DistributorRules>[] = [
    office.clientCredentials(/^\/oauth2\/token$/, clients),
    {
      method: 'POST',
      path: /^\/v1\/enrolments$/,
      takes: 'text/csv',
      guard,
      handle: ({ body }, rules) => sheet(service.take(body, rules)),
    },
    {
      method: 'GET',
      path: /^\/v1\/enrolments\/(?<transaction>[\w-]+)$/,
      guard,
      handle: ({ parameters: { transaction = '' } }, rules) => sheet(service.poll(transaction, rules)),
    },
    ...orderRoutes(surroundings, (call) => office.knows(call)),
  ];
  return {
    rules: distributorRules,
    answer: (call, rules) => answerByRoute(routes, (refusal) => ({ status: refusals[refusal] }), call, rules),
  };
}

export function distributorFiles(): FileService<DistributorRules> {
  const service = new DistributorService();
  return {
    rules: distributorRules,
    takes: (name) => name.endsWith('.csv') && !name.startsWith('.'),
    answerFile: (_name, text, rules) => service.take(text, { ...rules, answer: 'at once' }),
  };
}

const refusals: Record<Refusal, number> = {
  'no such path': 404,
  'wrong method': 405,
  'wrong media type': 415,
  'no body': 400,
  'not JSON': 400,
};
