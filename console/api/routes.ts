import type { FastifyPluginCallback, FastifyRequest } from 'fastify';

import type { Runtime } from '../../shared/daemon/process.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import { pathOf } from '../answers.ts';
import { apiPrefix } from './address.ts';
import { callerOf } from './caller.ts';
import type { Endpoint } from './endpoint.ts';
import { endpoints } from './registry.ts';

/** A route for every endpoint of the registry, open to tokens whose role suffices. */
export const apiRoutes =
  (runtime: Runtime): FastifyPluginCallback =>
  (api, _options, done) => {
    // JSON is all that is taken: what a form of another site can send is not.
    api.removeAllContentTypeParsers();
    api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) => {
      try {
        parsed(null, readJson(body as Buffer));
      } catch (problem) {
        parsed(problem as Error);
      }
    });
    api.setNotFoundHandler((request, reply) => {
      const allowed = methodsAt(pathOf(request));
      if (allowed.length === 0) throw new Fault('NOT_FOUND', 'there is no such endpoint');
      reply.header('allow', [...allowed, 'OPTIONS'].join(', '));
      if (request.method === 'OPTIONS') return reply.status(204).send();
      throw Object.assign(new Error('the method is not known'), { statusCode: 405 });
    });
    for (const endpoint of endpoints) {
      api.route({
        method: endpoint.method,
        url: endpoint.path,
        config: { access: endpoint.role, credential: 'token' },
        handler: async (request, reply) => {
          const answer = await endpoint.run(runtime, callerOf(request), rawOf(request));
          return reply
            .status(endpoint.status)
            .type('application/json; charset=utf-8')
            .send(JSON.stringify(answer));
        },
      });
    }
    done();
  };

const rawOf = (request: FastifyRequest) => ({
  path: pathOf(request),
  params: request.params,
  query: request.query,
  body: request.body,
});

/** What may be done at a path. */
function methodsAt(path: string): string[] {
  const methods = endpoints.filter((endpoint) => isAt(endpoint, path)).map(({ method }) => method);
  return methods.flatMap((method) => (method === 'GET' ? [method, 'HEAD'] : [method]));
}

function isAt(endpoint: Endpoint, path: string): boolean {
  const asked = path.split('/');
  const steps = `${apiPrefix}${endpoint.path}`.split('/');
  return (
    asked.length === steps.length &&
    steps.every((step, index) => (step.startsWith(':') ? asked[index] !== '' : step === asked[index]))
  );
}
