import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';

import type { Runtime } from '../shared/daemon/process.ts';
import { version } from '../shared/runtime/version.ts';
import { faultFields } from '../shared/runtime/events.ts';
import { faultRow, type FaultCode } from '../shared/runtime/fault-codes.ts';
import { Fault, toFault } from '../shared/runtime/faults.ts';
import { isForPrograms } from './api/address.ts';
import type { Problem } from './api/problem.ts';
import type { Cookies } from './cookies.ts';
import { html, type Html } from './html.ts';
import { layout, type Frame } from './layout.ts';
import type { Page } from './page.ts';
import { signInForm } from './sign-in-form.ts';

type Titled = Pick<Frame, 'title'> & Partial<Pick<Frame, 'notice' | 'refreshSeconds'>>;

/** What the console answers people is a page, also when something went wrong; programs get a problem then. */
export class Answers {
  readonly #runtime: Runtime;
  readonly #cookies: Cookies;
  readonly #pages: readonly Page[];

  constructor(runtime: Runtime, cookies: Cookies, pages: readonly Page[]) {
    this.#runtime = runtime;
    this.#cookies = cookies;
    this.#pages = pages;
  }

  page(request: FastifyRequest, reply: FastifyReply, titled: Titled, content: Html): FastifyReply {
    const { visit } = request;
    // The menu of somebody who has to change his password first would lead nowhere.
    const pages = visit?.oneTime === true ? [] : this.#pages;
    const frame: Frame = {
      ...titled,
      path: pathOf(request),
      theme: this.#cookies.theme(request),
      version,
      ...(visit && { signedIn: { user: visit.user, csrf: visit.csrf, pages } }),
    };
    return reply.type('text/html; charset=utf-8').send(layout(frame, content));
  }

  /** Of anything that was thrown. People get the code and what to do; the log has the rest. */
  failure(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
    const fault = faultOf(thrown);
    const status = statusOf(fault, thrown);
    this.tell(request, fault, status);
    reply.status(status);
    if (isForPrograms(request)) return problem(reply, problemOf(fault, status));
    if (fault.code === 'SIGN_IN_NEEDED' && request.method !== 'POST') {
      return this.page(request, reply, { title: 'Sign in' }, signInForm(request.url));
    }
    const shown = html`
      <div class="fault" role="alert">
        <p><strong>${fault.code}</strong>${status < 500 && html`: ${fault.detail}`}</p>
        <p>${fault.action}</p>
      </div>
      <p>${request.visit ? html`<a href="/">To the overview</a>` : html`<a href="/sign-in">Sign in</a>`}</p>
    `;
    return this.page(request, reply, { title: titles[status] ?? 'That did not work' }, shown);
  }

  /** What did not work, to the log. */
  tell(request: FastifyRequest, fault: Fault, status: number): void {
    const user = request.caller ? `token ${request.caller.name}` : request.visit?.user.name;
    const asked = { ...(user !== undefined && { user }), method: request.method, path: pathOf(request) };
    if (status >= 500) this.#runtime.emit('console.failed', { ...asked, ...faultFields(fault) });
    if (status !== 403) return;
    this.#runtime.emit('console.refused', { ...asked, from: addressOf(request), ...faultFields(fault) });
  }
}

/** What a program gets where a person gets a page. */
export const problemOf = (fault: Fault, status: number): Problem => ({
  title: STATUS_CODES[status] ?? 'Error',
  status,
  // What is wrong inside is for the log.
  detail: status < 500 ? fault.detail : faultRow(fault.code).what,
  code: fault.code,
  action: fault.action,
});

export const problemType = 'application/problem+json; charset=utf-8';

const problem = (reply: FastifyReply, body: Problem): FastifyReply =>
  reply.type(problemType).send(JSON.stringify(body));

/** Without the query, where people may have typed anything. */
export const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';

/** Of the browser. Behind a socket there is none, unless the web server in front of us tells it. */
export const addressOf = ({ ip }: { readonly ip?: string }): string => ip ?? 'unknown';

const titles: Readonly<Record<number, string>> = {
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  429: 'Too many requests',
  500: 'The console has failed',
  503: 'Not at the moment',
};

const statusOfCode: Partial<Record<FaultCode, number>> = {
  BAD_INPUT: 400,
  ENCODING: 400,
  CONTROL_CHAR: 400,
  JSON_MALFORMED: 400,
  JSON_TOO_DEEP: 400,
  FORBIDDEN_KEY: 400,
  SIGN_IN_NEEDED: 401,
  SIGN_IN_REFUSED: 401,
  TOKEN_REFUSED: 401,
  ROLE_TOO_LOW: 403,
  FORM_NOT_OURS: 403,
  SETTING_PROTECTED: 403,
  NOT_FOUND: 404,
  ALREADY_RUNNING: 409,
  NOT_ALLOWED: 409,
  TOO_MANY_REQUESTS: 429,
};

const statusOfClass = { bug: 500, environment: 503, transient: 503, permanent: 422 } as const;

const statusOf = (fault: Fault, thrown: unknown): number =>
  (thrown === fault ? undefined : clientStatus(thrown)) ??
  statusOfCode[fault.code] ??
  statusOfClass[fault.class];

/** The libraries mark what the browser has done wrong with a status; their texts are not for pages. */
function faultOf(thrown: unknown): Fault {
  const status = thrown instanceof Fault ? undefined : clientStatus(thrown);
  if (status === undefined) return toFault(thrown);
  if (status === 404) return new Fault('NOT_FOUND', 'there is no such page');
  return new Fault(
    'BAD_INPUT',
    clientFaults[status] ?? `the request is not one that the console takes (${status})`,
  );
}

const clientFaults: Readonly<Record<number, string>> = {
  405: 'the method is not one that this address knows',
  413: 'the body is larger than is taken',
  415: 'the content type is not one that is taken here',
};

function clientStatus(thrown: unknown): number | undefined {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
