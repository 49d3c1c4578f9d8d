import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Runtime } from '../shared/daemon/process.ts';
import { bug, Fault } from '../shared/runtime/faults.ts';
import { suffices, type Role } from '../shared/store/states/role.ts';
import type { Cookies } from './cookies.ts';
import { passwordPath, accountPath } from './pages/account.ts';
import { findVisit, isSameSecret, type Visit } from './sessions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. A route that does not say is closed to everybody. */
    access?: 'public' | Role;
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
 * Lets a request through when its route says that it may come: for every request there is, so that a route that was
 * forgotten here is closed and not open.
 */
export function guard(app: FastifyInstance, runtime: Runtime, cookies: Cookies, secure: boolean): void {
  app.decorateRequest('visit', undefined);
  app.addHook('onRequest', async (request, reply) => {
    if (!isSafe(request) && !isOwnOrigin(request, secure)) {
      throw new Fault('FORM_NOT_OURS', 'it was sent from another page');
    }
    const token = cookies.token(request);
    // The script that asks for news does not keep a session alive.
    const active = request.headers['x-refresh'] === undefined;
    if (token !== undefined) {
      request.visit = await findVisit(runtime, runtime.loaded.config.console, token, active);
    }
    return admit(request, reply);
  });
  app.addHook('preHandler', (request, _reply, done) => {
    if (isSafe(request) || request.routeOptions.config.access === 'public' || request.is404) {
      done();
      return;
    }
    const { csrf } = (request.body ?? {}) as { csrf?: unknown };
    const right = typeof csrf === 'string' && isSameSecret(csrf, visitOf(request).csrf);
    done(right ? undefined : new Fault('FORM_NOT_OURS', 'its token is not that of the session'));
  });
}

/** @throws Fault SIGN_IN_NEEDED, ROLE_TOO_LOW */
function admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { access } = request.routeOptions.config;
  if (access === 'public') return undefined;
  const { visit } = request;
  // Strangers do not learn which pages there are.
  if (visit === undefined) throw new Fault('SIGN_IN_NEEDED', 'nobody is signed in');
  if (request.is404) return undefined;
  if (access === undefined || !suffices(visit.user.role, access)) {
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
