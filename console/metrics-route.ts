import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Runtime } from '../shared/daemon/process.ts';
import { Fault } from '../shared/runtime/faults.ts';
import { metricsOf } from './metrics.ts';
import { isSameSecret } from './sessions.ts';

/** What Prometheus reads. No session counts there, only the token. */
export function metricsRoute(app: FastifyInstance, runtime: Runtime): void {
  app.get('/metrics', { config: { access: 'metrics' } }, async (_request, reply) => {
    const { contentType, text } = await metricsOf(runtime);
    return reply.type(contentType).send(text);
  });
}

/**
 * Lets in who has the token.
 *
 * @param token undefined: nobody is let in
 * @throws Fault NOT_FOUND when there are no metrics
 */
export function admitScraper(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
): FastifyReply | undefined {
  if (token === undefined) throw new Fault('NOT_FOUND', 'there is no such page');
  const [, shown = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (isSameSecret(shown, token)) return undefined;
  return reply
    .status(401)
    .header('www-authenticate', 'Bearer realm="metrics"')
    .type('text/plain; charset=utf-8')
    .send('The token of console.metricsTokenFile is needed.\n');
}
