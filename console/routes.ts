import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Runtime } from '../shared/daemon/process.ts';
import { bug } from '../shared/runtime/faults.ts';
import { noteSession } from '../shared/store/console-sessions.ts';
import { pathOf, type Answers } from './answers.ts';
import { visitOf } from './guard.ts';
import { Html, isOwnPath } from './html.ts';
import type { Action, Context, Page, PageRequest } from './page.ts';
import { Values } from './values.ts';

/** A route for every page and action of the registry, open to those whose role suffices. */
export function routes(
  app: FastifyInstance,
  runtime: Runtime,
  answers: Answers,
  { pages, actions }: { readonly pages: readonly Page[]; readonly actions: readonly Action[] },
): void {
  for (const page of pages) {
    app.get(page.path, { config: { access: page.role } }, async (request, reply) => {
      const asked = askedOf(request);
      const content = await page.render(contextOf(runtime, request), asked);
      const title = page.heading?.(asked) ?? page.title;
      const { refreshSeconds } = page;
      return answers.page(
        request,
        reply,
        { title, refreshSeconds, notice: await takeNotice(runtime, request) },
        content,
      );
    });
  }
  for (const action of actions) {
    app.post(action.path, { config: { access: action.role } }, async (request, reply) => {
      const form = new Values(request.body);
      const result = await action.run(contextOf(runtime, request), { ...askedOf(request), form });
      if (result instanceof Html) return answers.page(request, reply, { title: action.title }, result);
      return redirect(runtime, request, reply, result.to, result.notice);
    });
  }
}

export const askedOf = (request: FastifyRequest): PageRequest => ({
  path: pathOf(request),
  params: new Values(request.params),
  query: new Values(request.query),
});

export function contextOf(runtime: Runtime, request: FastifyRequest): Context {
  const { user, csrf, digest: session } = visitOf(request);
  return { ...runtime, user, csrf, session };
}

async function redirect(
  { db }: Runtime,
  request: FastifyRequest,
  reply: FastifyReply,
  to: string,
  notice: string,
): Promise<FastifyReply> {
  if (!to.startsWith('/') || !isOwnPath(to)) throw bug('an action leads to another server');
  await noteSession(db, visitOf(request).digest, { notice });
  return reply.redirect(to, 303);
}

/** It is said once, on a page that somebody sees. */
async function takeNotice({ db }: Runtime, request: FastifyRequest): Promise<string | undefined> {
  const { notice, digest } = visitOf(request);
  if (notice === null || request.method !== 'GET') return undefined;
  await noteSession(db, digest, { notice: null });
  return notice;
}
