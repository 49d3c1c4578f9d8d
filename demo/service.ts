import type { IncomingHttpHeaders } from 'node:http';

import type { z } from 'zod';

/** A call as a simulated provider sees it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; a text as it stands, under the content type of `headers`. */
  readonly body?: string | object;
}

/** What a service needs of the world. */
export interface Surroundings {
  readonly now: () => Date;
  /** A unique text for ids of the service. */
  readonly newId: () => string;
}

/** A provider behind HTTPS. Its rules are those of the rules file, apart from `transport`. */
export interface Service<Rules> {
  readonly rules: z.ZodType<Rules>;
  answer(call: Call, rules: Rules): Answer;
}

/** Why a call does not reach what it asks for. Each provider has words of its own for it. */
export type Refusal = 'no such path' | 'wrong method' | 'wrong media type' | 'no body' | 'not JSON';

/** A call that found its route. */
export interface RoutedCall extends Call {
  /** The named groups of the path, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The body, where the route takes JSON. */
  readonly document: unknown;
}

export interface Route<Rules> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The whole path; named groups become parameters. */
  readonly path: RegExp;
  /** The media type of the body; without it the call must have none. */
  readonly takes?: 'application/json' | 'application/x-www-form-urlencoded' | 'text/csv';
  /** Looks at the call before its body is looked at: who is it? */
  readonly guard?: (call: Call) => Answer | undefined;
  readonly handle: (call: RoutedCall, rules: Rules) => Answer;
}

/** Answers a call by its route, as strict about method, path and media type as a real server. */
export function answerByRoute<Rules>(
  routes: readonly Route<Rules>[],
  refuse: (refusal: Refusal) => Answer,
  call: Call,
  rules: Rules,
): Answer {
  const ofPath = routes.filter(({ path }) => path.test(call.path));
  if (ofPath.length === 0) return refuse('no such path');
  const route = ofPath.find(({ method }) => method === call.method);
  if (!route) return refuse('wrong method');
  const turnedAway = route.guard?.(call);
  if (turnedAway) return turnedAway;
  const refusal = refusalOf(route, call);
  if (refusal) return refuse(refusal);
  const document = route.takes === 'application/json' ? parse(call.body) : undefined;
  if (route.takes === 'application/json' && document === undefined) return refuse('not JSON');
  return route.handle({ ...call, parameters: parametersOf(route, call), document }, rules);
}

function refusalOf({ takes }: Route<never>, { headers, body }: Call): Refusal | undefined {
  if (takes === undefined) return body === '' ? undefined : 'wrong media type';
  const [mediaType, charset = 'charset=utf-8'] = (headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (mediaType !== takes || charset !== 'charset=utf-8') return 'wrong media type';
  return body === '' ? 'no body' : undefined;
}

function parametersOf({ path }: Route<never>, call: Call): Record<string, string> {
  const groups = path.exec(call.path)?.groups ?? {};
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
