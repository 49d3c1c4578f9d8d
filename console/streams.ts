import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Runtime } from '../shared/daemon/process.ts';
import { Fault, toFault } from '../shared/runtime/faults.ts';
import { suffices, type Role } from '../shared/store/states/role.ts';
import type { Answers } from './answers.ts';
import type { Cookies } from './cookies.ts';
import { visitOf } from './guard.ts';
import type { Stream, StreamMessage } from './page.ts';
import { askedOf, contextOf } from './routes.ts';
import { findVisit } from './sessions.ts';

/** Server-sent events: answers that go on for as long as somebody looks, and may. */

export interface StreamLimits {
  /** Of one user. A browser opens six connections to one place, and needs some for its pages. */
  readonly ofUser: number;
  readonly inAll: number;
  /** Between two signs of life; each time it is seen whether the session goes on. */
  readonly beatSeconds: number;
  /** That a browser may take for what was sent. */
  readonly patienceSeconds: number;
}

export const streamLimits: StreamLimits = { ofUser: 4, inAll: 40, beatSeconds: 5, patienceSeconds: 20 };

/** A line that says nothing. */
const heartbeat = ':\n\n';

interface Desk {
  readonly runtime: Runtime;
  readonly answers: Answers;
  readonly cookies: Cookies;
  readonly limits: StreamLimits;
}

/** A route for every stream of the registry, open to those whose role suffices. All end when the console does. */
export function streams(app: FastifyInstance, desk: Desk, list: readonly Stream[]): void {
  const open = new Set<OpenStream>();
  app.addHook('preClose', (done) => {
    for (const stream of open) stream.end();
    done();
  });
  for (const stream of list) {
    const config = { access: stream.role, passive: true } as const;
    app.get(stream.path, { config, exposeHeadRoute: false }, async (request, reply) => {
      checkRoom(open, visitOf(request).user.id, desk.limits);
      const shown = new OpenStream(visitOf(request).user.id, reply.raw, desk.limits);
      open.add(shown);
      try {
        const after = request.headers['last-event-id'];
        const asked = { ...askedOf(request), after: typeof after === 'string' ? after : undefined };
        const messages = await stream.open(contextOf(desk.runtime, request), asked, shown.signal);
        reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no').hijack();
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
        // At once, so that the browser knows that it is connected.
        reply.raw.write(heartbeat);
        await shown.run(messages, () => mayGoOn(desk, request, stream.role));
      } catch (thrown) {
        if (!reply.raw.headersSent) throw thrown;
        desk.answers.tell(request, toFault(thrown), 500);
      } finally {
        shown.end();
        open.delete(shown);
      }
      return reply;
    });
  }
}

/** @throws Fault TOO_MANY_REQUESTS */
function checkRoom(open: ReadonlySet<OpenStream>, userId: number, limits: StreamLimits): void {
  const own = [...open].filter((stream) => stream.userId === userId);
  if (own.length < limits.ofUser && open.size < limits.inAll) return;
  throw new Fault('TOO_MANY_REQUESTS', 'there are as many live logs open as is allowed: close one');
}

/** Whether the session that the request came with is still there, and its user may still see it. */
async function mayGoOn({ runtime, cookies }: Desk, request: FastifyRequest, role: Role): Promise<boolean> {
  const token = cookies.token(request) ?? '';
  const visit = await findVisit(runtime, runtime.loaded.config.console, token, false);
  return visit !== undefined && !visit.oneTime && suffices(visit.user.role, role);
}

class OpenStream {
  readonly userId: number;
  readonly #answer: ServerResponse;
  readonly #limits: StreamLimits;
  readonly #ended = new AbortController();

  constructor(userId: number, answer: ServerResponse, limits: StreamLimits) {
    this.userId = userId;
    this.#answer = answer;
    this.#limits = limits;
    answer.once('close', () => this.#ended.abort());
    answer.on('error', () => this.#ended.abort());
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when it has ended: by the browser, by the console, or because the user may not see it any more. */
  async run(messages: AsyncIterable<StreamMessage>, mayGoOn: () => Promise<boolean>): Promise<void> {
    const ends = await Promise.allSettled([this.#send(messages), this.#attend(mayGoOn)]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Sends what is under way and ends; who has not taken what was sent before is cut off. */
  end(): void {
    this.#ended.abort();
    if (this.#answer.writableEnded || !this.#answer.headersSent) return;
    if (this.#answer.writableNeedDrain) this.#answer.destroy();
    else this.#answer.end();
  }

  async #send(messages: AsyncIterable<StreamMessage>): Promise<void> {
    try {
      for await (const message of messages) {
        if (this.signal.aborted) return;
        if (!this.#answer.write(eventText(message))) await this.#taken();
      }
    } finally {
      this.end();
    }
  }

  /** @returns when the browser has taken what was sent; it is cut off when it does not */
  async #taken(): Promise<void> {
    const late = AbortSignal.timeout(this.#limits.patienceSeconds * 1000);
    try {
      await once(this.#answer, 'drain', { signal: AbortSignal.any([this.signal, late]) });
    } catch {
      this.end();
    }
  }

  async #attend(mayGoOn: () => Promise<boolean>): Promise<void> {
    const { signal } = this;
    try {
      while (!signal.aborted) {
        await pause(this.#limits.beatSeconds * 1000, undefined, { signal });
        if (!(await mayGoOn())) {
          this.#answer.write('event: ended\ndata: 1\n\n');
          return;
        }
        if (!this.#answer.writableNeedDrain) this.#answer.write(heartbeat);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.end();
    }
  }
}

/** Content of several lines goes as several fields. */
const eventText = ({ event, content, id }: StreamMessage): string =>
  [
    `event: ${event}`,
    `id: ${id}`,
    ...content
      .toString()
      .split(/\r\n|\r|\n/)
      .map((line) => `data: ${line}`),
    '\n',
  ].join('\n');
