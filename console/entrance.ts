import type { FastifyInstance, FastifyRequest } from 'fastify';

import { Fault } from '../shared/runtime/faults.ts';
import { addressOf, type Answers } from './answers.ts';
import type { Cookies } from './cookies.ts';
import { signOutPath, visitOf } from './guard.ts';
import { isOwnPath } from './html.ts';
import { themes } from './layout.ts';
import { signIn, signOut, type SignInDesk } from './sign-in.ts';
import { signInForm } from './sign-in-form.ts';
import { Values } from './values.ts';

/** Attempts of one address, whoever it tries to be. */
const attemptsOfAddress = { max: 30, timeWindow: 5 * 60_000 };

/** What everybody may use: signing in, and how the pages look. And signing out, for those who are in. */
export function entrance(app: FastifyInstance, desk: SignInDesk, answers: Answers, cookies: Cookies): void {
  app.get('/sign-in', { config: { access: 'public' } }, (request, reply) => {
    const next = nextOf(new Values(request.query));
    if (request.visit !== undefined) return reply.redirect(next, 303);
    return answers.page(request, reply, { title: 'Sign in' }, signInForm(next));
  });

  app.post(
    '/sign-in',
    { config: { access: 'public', rateLimit: attemptsOfAddress }, bodyLimit: 8192 },
    async (request, reply) => {
      const form = new Values(request.body);
      const attempt = {
        name: form.text('name').toLowerCase(),
        password: form.secret('password'),
        from: addressOf(request),
        previous: cookies.token(request),
      };
      try {
        cookies.keepToken(reply, await signIn(desk, attempt));
        return await reply.redirect(nextOf(form), 303);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== 'SIGN_IN_REFUSED') throw thrown;
        return answers.page(request, reply.status(401), { title: 'Sign in' }, signInForm(nextOf(form), true));
      }
    },
  );

  app.post(signOutPath, { config: { access: 'viewer' } }, async (request, reply) => {
    await signOut(desk.runtime, visitOf(request), addressOf(request));
    cookies.dropToken(reply);
    return reply.redirect('/sign-in', 303);
  });

  app.get('/theme/:theme', { config: { access: 'public' } }, (request, reply) => {
    const theme = new Values(request.params).choice('theme', themes);
    cookies.keepTheme(reply, theme);
    return reply.redirect(cameFrom(request), 303);
  });
}

/** Where to go after signing in: a path of ours, never somebody else's server. */
function nextOf(values: Values): string {
  const next = values.optional('next', 2000) ?? '/';
  return next.startsWith('/') && isOwnPath(next) && !next.startsWith('/sign-in') ? next : '/';
}

/** The page of ours that the link was on. */
function cameFrom({ headers }: FastifyRequest): string {
  const referer = headers.referer ?? '';
  if (!URL.canParse(referer)) return '/';
  const { host, pathname, search } = new URL(referer);
  const path = pathname + search;
  return host === headers.host && isOwnPath(path) ? path : '/';
}
