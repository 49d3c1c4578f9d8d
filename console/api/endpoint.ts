import { z } from 'zod';

import type { Runtime } from '../../shared/daemon/process.ts';
import type { Operator } from '../../shared/operator/operator.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { Role } from '../../shared/store/states/role.ts';
import type { Caller } from './caller.ts';
import { reason } from './fields.ts';

/** The contract between the server and its endpoints: what one takes, what it answers, and who may use it. */

/** A request as it came; nothing of it is checked. */
export interface RawRequest {
  /** The path as it was asked for, without the query. */
  readonly path: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the prefix: `/jobs/:job`. */
  readonly path: string;
  /** Unique; programs that are made from the document call their functions so. */
  readonly id: string;
  /** The least role that may use it. */
  readonly role: Role;
  readonly summary: string;
  readonly description: string | undefined;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Of a change. */
  readonly body: z.ZodObject | undefined;
  readonly response: z.ZodType;
  /** 202: it is done later, by another process. */
  readonly status: 200 | 202;
  /** @throws Fault BAD_INPUT, NOT_FOUND, NOT_ALLOWED, … answered as a problem */
  readonly run: (context: Runtime, caller: Caller, request: RawRequest) => Promise<unknown>;
}

type Shape = z.ZodRawShape;
type Fields<S extends Shape> = z.output<z.ZodObject<S>>;
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the shape of an endpoint that takes no fields
type Empty = {};

interface Common<P extends Shape, R extends z.ZodType> {
  readonly path: string;
  readonly id: string;
  readonly role: Role;
  readonly summary: string;
  readonly description?: string;
  readonly params?: P;
  readonly response: R;
}

interface Lookup<P extends Shape, Q extends Shape, R extends z.ZodType> extends Common<P, R> {
  readonly query?: Q;
  readonly run: (
    context: Runtime,
    asked: { readonly path: string; readonly params: Fields<P>; readonly query: Fields<Q> },
  ) => Promise<z.input<R>>;
}

/** An endpoint that only reads. */
export function lookup<R extends z.ZodType, P extends Shape = Empty, Q extends Shape = Empty>(
  spec: Lookup<P, Q, R>,
): Endpoint {
  const params = z.strictObject(spec.params ?? ({} as P));
  const query = z.strictObject(spec.query ?? ({} as Q));
  return {
    ...spec,
    method: 'GET',
    description: spec.description,
    params,
    query,
    body: undefined,
    status: 200,
    run: (context, _caller, raw) =>
      spec.run(context, {
        path: raw.path,
        params: parsed(params, raw.params),
        query: parsed(query, raw.query),
      }),
  };
}

interface Change<P extends Shape, B extends Shape, R extends z.ZodType> extends Common<P, R> {
  readonly method?: 'POST' | 'PUT';
  readonly status?: 202;
  /** Beside the reason, which every change needs. */
  readonly body?: B;
  readonly run: (
    context: Runtime,
    operator: Operator,
    asked: { readonly params: Fields<P>; readonly body: Fields<B> },
  ) => Promise<z.input<R>>;
}

type Reasoned<B> = B & { readonly reason: string };

/** An endpoint that changes something, in the name of the token and for a reason. */
export function change<R extends z.ZodType, P extends Shape = Empty, B extends Shape = Empty>(
  spec: Change<P, B, R>,
): Endpoint {
  const params = z.strictObject(spec.params ?? ({} as P));
  const query = z.strictObject({});
  const body = z.strictObject({ ...(spec.body ?? ({} as B)), reason });
  return {
    ...spec,
    method: spec.method ?? 'POST',
    description: spec.description,
    params,
    query,
    body,
    status: spec.status ?? 200,
    run: (context, caller, raw) => {
      parsed(query, raw.query);
      const asked = {
        params: parsed(params, raw.params),
        body: parsed(body, raw.body) as Reasoned<Fields<B>>,
      };
      const operator = {
        who: `token ${caller.name}`,
        reason: asked.body.reason,
        now: context.clock.now(),
      };
      return spec.run(context, operator, asked);
    },
  };
}

const problemsNamed = 5;

/** @throws Fault BAD_INPUT that names the fields, and never what stands in them */
function parsed<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, problemsNamed)
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new Fault('BAD_INPUT', problems.join('; '));
}
