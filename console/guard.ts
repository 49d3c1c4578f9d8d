import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Runtime } from '../shared/daemon/process.ts';
import { bug, Fault } from '../shared/runtime/faults.ts';
import { suffices, type Role } from '../shared/store/states/role.ts';
import { isForPrograms } from './api/address.ts';
import { CallerDesk, challenge, type Caller } from './api/caller.ts';
import type { Cookies } from './cookies.ts';
import { admitScraper } from './metrics-route.ts';
import { passwordPath, accountPath } from './pages/account.ts';
import { findVisit, isSameSecret, type Visit } from './sessions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; `metrics`: who has that token. A route that does not say is closed to everybody. */
    access?: 'public' | 'metrics' | Role;
    /** `token`: for programs, with a token in the header and no cookies; else for people, with a session. */
    credential?: 'token';
    /** The page asks by itself, nobody has done anything. */
    passive?: true;
  }
  interface FastifyRequest {
    visit: Visit | undefined;
  }
}

export const signOutPath = '/sign-out';
/** What somebody with a one-time password can do. */
const openToOneTime = [accountPath, passwordPath, signOutPath];

/** Only reads. */
const isSafe = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/** The visit of a request that has passed the guard. */
export function visitOf(request: FastifyRequest): Visit {
  if (request.visit === undefined) throw bug('a page for everybody asked who is signed in');
  return request.visit;
}

/**
 * Lets a request through when its route says that it may come, people by their session and programs by their token: for
 * every request there is, so that a route that was forgotten here is closed and not open.
 */
export function guard(
  app: FastifyInstance,
  runtime: Runtime,
  cookies: Cookies,
  { secure, metricsToken }: { readonly secure: boolean; readonly metricsToken?: string | undefined },
): void {
  app.decorateRequest('visit', undefined);
  app.decorateRequest('caller', undefined);
  const desk = new CallerDesk(app, runtime);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.access === 'metrics') return admitScraper(request, reply, metricsToken);
    if (isForPrograms(request)) {
      admitCaller(request, reply, await desk.admit(request, reply));
      return undefined;
    }
    if (!isSafe(request) && !isOwnOrigin(request, secure)) {
      throw new Fault('FORM_NOT_OURS', 'it was sent from another page');
    }
    const token = cookies.token(request);
    // What the page asks by itself does not keep a session alive.
    const { passive } = request.routeOptions.config;
    const active = request.headers['x-refresh'] === undefined && passive !== true;
    if (token !== undefined) {
      request.visit = await findVisit(runtime, runtime.loaded.config.console, token, active);
    }
    return admit(request, reply);
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const { access } = request.routeOptions.config;
    // No cookie counts there: nobody can make a browser send what does.
    if (isSafe(request) || access === 'public' || request.is404 || isForPrograms(request)) {
      done();
      return;
    }
    const { csrf } = (request.body ?? {}) as { csrf?: unknown };
    const right = typeof csrf === 'string' && isSameSecret(csrf, visitOf(request).csrf);
    done(right ? undefined : new Fault('FORM_NOT_OURS', 'its token is not that of the session'));
  });
}

/** @throws Fault ROLE_TOO_LOW */
function admitCaller(request: FastifyRequest, reply: FastifyReply, { name, role }: Caller): void {
  const { access } = request.routeOptions.config;
  const closed = access === undefined || access === 'public' || access === 'metrics';
  if (request.is404 || (!closed && suffices(role, access))) return;
  reply.header('www-authenticate', challenge('insufficient_scope'));
  throw new Fault('ROLE_TOO_LOW', `the token ${name} is ${role}`);
}

/** @throws Fault SIGN_IN_NEEDED, ROLE_TOO_LOW */
function admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { access } = request.routeOptions.config;
  if (access === 'public') return undefined;
  const { visit } = request;
  // Strangers do not learn which pages there are.
  if (visit === undefined) throw new Fault('SIGN_IN_NEEDED', 'nobody is signed in');
  if (request.is404) return undefined;
  if (access === undefined || access === 'metrics' || !suffices(visit.user.role, access)) {
    throw new Fault('ROLE_TOO_LOW', `${visit.user.name} is ${visit.user.role}`);
  }
  if (visit.oneTime && !openToOneTime.includes(request.routeOptions.url ?? '')) {
    return reply.redirect(accountPath, 303);
  }
  return undefined;
}

/** Browsers say from which page a form comes, and no page can have them say otherwise. */
function isOwnOrigin({ headers }: FastifyRequest, secure: boolean): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return headers.origin === `${secure ? 'https' : 'http'}://${headers.host ?? ''}`;
}
