import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import assets from '@fastify/static';
import { randomBytes } from 'node:crypto';
import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { fileURLToPath } from 'node:url';

import type { Runtime } from '../shared/daemon/process.ts';
import { argon2, type Passwords } from '../shared/operator/passwords.ts';
import { faultRow } from '../shared/runtime/fault-codes.ts';
import { Fault } from '../shared/runtime/faults.ts';
import { addressOf, Answers, problemOf, problemType } from './answers.ts';
import { apiPrefix, isApiPath } from './api/address.ts';
import { apiRoutes } from './api/routes.ts';
import { Cookies } from './cookies.ts';
import { entrance } from './entrance.ts';
import { guard } from './guard.ts';
import { metricsRoute } from './metrics-route.ts';
import type { Action, Page, Stream } from './page.ts';
import * as registry from './pages/registry.ts';
import { routes } from './routes.ts';
import { streamLimits, streams, type StreamLimits } from './streams.ts';
import { vendored } from './vendor.ts';

export interface AppOptions {
  /** Whether browsers reach us over TLS, ours or that of a web server in front of us. */
  readonly secure: boolean;
  /** Whether a web server in front of us tells whom it asks for. */
  readonly behindServer: boolean;
  readonly serverFactory: FastifyServerFactory;
  /** With which /metrics may be read; undefined: by nobody. */
  readonly metricsToken?: string | undefined;
  readonly passwords?: Passwords;
  readonly pages?: readonly Page[];
  readonly actions?: readonly Action[];
  readonly streams?: readonly Stream[];
  readonly streamLimits?: StreamLimits;
}

/** A form is small. */
const bodyBytes = 64 * 1024;

/** The console as it answers, not yet listening. */
export async function createApp(runtime: Runtime, options: AppOptions): Promise<FastifyInstance> {
  const { secure, behindServer, serverFactory, passwords = argon2 } = options;
  const { pages = registry.pages, actions = registry.actions } = options;
  const cookies = new Cookies(secure);
  const answers = new Answers(runtime, cookies, pages);
  const app = fastify({
    serverFactory,
    bodyLimit: bodyBytes,
    // Only the server in front of us is believed: what it was told itself, anybody can write.
    trustProxy: behindServer && ((_address, hop) => hop === 0),
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (_error, request, reply) => refuseUnread(request, reply),
  });
  app.setErrorHandler((error, request, reply) => answers.failure(request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    answers.failure(request, reply, new Fault('NOT_FOUND', 'there is no such page')),
  );
  // Forms are all that is taken.
  app.removeAllContentTypeParsers();
  await app.register(formbody, { bodyLimit: bodyBytes });
  await app.register(cookie);
  await app.register(helmet, headers(secure));
  app.addHook('onRequest', (_request, reply, done) => {
    // Pages are for one person at one time; assets say otherwise for themselves.
    reply.header('cache-control', 'no-store');
    reply.header('permissions-policy', 'camera=(), geolocation=(), microphone=()');
    done();
  });
  await app.register(rateLimit, {
    global: false,
    keyGenerator: addressOf,
    errorResponseBuilder: () => new Fault('TOO_MANY_REQUESTS', 'too many attempts to sign in'),
  });
  guard(app, runtime, cookies, options);
  await app.register(serveAssets);
  const desk = { runtime, passwords, decoy: await passwords.hash(randomBytes(32).toString('hex')) };
  entrance(app, desk, answers, cookies);
  routes(app, runtime, answers, { pages, actions });
  metricsRoute(app, runtime);
  const live = { runtime, answers, cookies, limits: options.streamLimits ?? streamLimits };
  streams(app, live, options.streams ?? registry.streams);
  await app.register(apiRoutes(runtime), { prefix: apiPrefix });
  return app;
}

/** An address that cannot be read is answered before anything of ours has run, so that there is no page for it. */
function refuseUnread({ url }: FastifyRequest, reply: FastifyReply): void {
  const { what } = faultRow('BAD_INPUT');
  const problem = problemOf(new Fault('BAD_INPUT', 'the address cannot be read'), 400);
  const program = isApiPath(url);
  void reply
    .status(400)
    .type(program ? problemType : 'text/plain; charset=utf-8')
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    })
    .send(program ? JSON.stringify(problem) : `BAD_INPUT: ${what}\n`);
}

/** Style, script and icon, for everybody: the sign-in page needs them. */
async function serveAssets(app: FastifyInstance): Promise<void> {
  // Each file is a route of its own, so that no path leads to anything else; the guard has to know them too.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' };
  });
  await app.register(assets, {
    root: fileURLToPath(new URL('assets/', import.meta.url)),
    prefix: '/assets/',
    wildcard: false,
    // Asked for anew each time, and sent only when it has changed: a new version is seen at once.
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  });
  for (const { path, type, content } of Object.values(vendored)) {
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(content),
    );
  }
}

/** Nothing from elsewhere, nothing inline, in no frame. */
const headers = (secure: boolean) => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      scriptSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' as const },
  // With `no-referrer` browsers would not say either from which page a form comes.
  referrerPolicy: { policy: 'same-origin' as const },
  strictTransportSecurity: secure && { maxAge: 31_536_000, includeSubDomains: false },
});
