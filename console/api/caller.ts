import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Runtime } from '../../shared/daemon/process.ts';
import { tokenPattern, tokenState } from '../../shared/operator/api-tokens.ts';
import { bug, Fault } from '../../shared/runtime/faults.ts';
import { secretDigest } from '../../shared/runtime/secrets.ts';
import { findApiToken, noteApiToken, type ApiToken } from '../../shared/store/api-tokens.ts';
import type { Role } from '../../shared/store/states/role.ts';
import { addressOf } from '../answers.ts';

/** The program that asks: it is known by its token, which comes with every request. */
export interface Caller {
  /** Of the token. */
  readonly name: string;
  readonly role: Role;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** The use of a token is not written with every request. */
const touchSeconds = 60;
const minute = 60_000;
/** Of one token from one address. */
const requests = { max: 600, timeWindow: minute };
/** Of one address, with whatever tokens: nobody has to be let in to be slowed down. */
const refusals = { max: 60, timeWindow: 5 * minute };

/** What a request has to have, and what was wrong with it (RFC 6750, 3). */
export const challenge = (error?: string): string =>
  `Bearer realm="Device Enrolment"${error === undefined || error === '' ? '' : `, error="${error}"`}`;

/** The caller of a request that has passed the guard. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === undefined) throw bug('an endpoint for everybody asked who calls');
  return caller;
}

/** Who calls, by the header alone: a browser sends cookies by itself, and addresses are written into logs. */
export class CallerDesk {
  readonly #runtime: Runtime;
  readonly #countRequest: ReturnType<FastifyInstance['createRateLimit']>;
  readonly #countRefusal: ReturnType<FastifyInstance['createRateLimit']>;

  /** @param app with its rate limits registered */
  constructor(app: FastifyInstance, runtime: Runtime) {
    this.#runtime = runtime;
    this.#countRequest = app.createRateLimit({
      ...requests,
      keyGenerator: (request) => `${request.caller?.name ?? ''} ${addressOf(request)}`,
    });
    this.#countRefusal = app.createRateLimit({ ...refusals, keyGenerator: addressOf });
  }

  /** @throws Fault TOKEN_REFUSED, TOO_MANY_REQUESTS */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    const { clock } = this.#runtime;
    const token = await this.#tokenOf(request);
    const state = token && tokenState(token, clock.now());
    if (token === undefined || state !== 'valid') {
      return this.#refuse(request, reply, token?.name, state ?? 'no token that is known');
    }
    request.caller = { name: token.name, role: token.role };
    await this.#count(request, reply, this.#countRequest, 'from one token and address');
    await this.#touch(token);
    return request.caller;
  }

  async #tokenOf({ headers }: FastifyRequest): Promise<ApiToken | undefined> {
    const [, token = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '') ?? [];
    return tokenPattern.test(token) ? findApiToken(this.#runtime.db, secretDigest(token)) : undefined;
  }

  async #refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    token: string | undefined,
    why: string,
  ): Promise<never> {
    await this.#count(request, reply, this.#countRefusal, 'without a good token');
    reply.header('www-authenticate', challenge(request.headers.authorization && 'invalid_token'));
    const from = addressOf(request);
    this.#runtime.emit('console.token-refused', { ...(token !== undefined && { token }), from, detail: why });
    throw new Fault('TOKEN_REFUSED', token === undefined ? why : `the token ${token} is ${why}`);
  }

  async #count(
    request: FastifyRequest,
    reply: FastifyReply,
    count: ReturnType<FastifyInstance['createRateLimit']>,
    which: string,
  ): Promise<void> {
    const limit = await count(request);
    if (limit.isAllowed || !limit.isExceeded) return;
    reply.header('retry-after', limit.ttlInSeconds);
    throw new Fault('TOO_MANY_REQUESTS', `too many requests ${which}`);
  }

  async #touch({ id, last_used_at: last }: ApiToken): Promise<void> {
    const { db, clock } = this.#runtime;
    const now = clock.now();
    if (last !== null && now.getTime() - Date.parse(last) < touchSeconds * 1000) return;
    await noteApiToken(db, id, { last_used_at: now.toISOString() });
  }
}
