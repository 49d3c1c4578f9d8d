import { z } from 'zod';

import { version } from '../../shared/runtime/version.ts';
import { apiPrefix } from './address.ts';
import type { Endpoint } from './endpoint.ts';
import { named } from './fields.ts';
import { problem, problemStatuses, type ProblemStatus } from './problem.ts';

/** The OpenAPI 3.1 document, made from the endpoints: it cannot say what the server does not do. */

type Json = Readonly<Record<string, unknown>>;

const description = `What operators do in the Administration Console, for programs. Every request needs a token in the
header Authorization, as Bearer; its role decides what it may do. Every change needs a reason and is kept in the audit.
Times are UTC. Answers may get further fields: leave alone what you do not know.`;

export const openApiOf = (endpoints: readonly Endpoint[]) => ({
  openapi: '3.1.0',
  info: { title: 'Device Enrolment', version, description },
  servers: [{ url: apiPrefix }],
  security: [{ token: [] }],
  tags: [...new Set(endpoints.map(tagOf))].map((name) => ({ name })),
  paths: pathsOf(endpoints),
  components: {
    securitySchemes: {
      token: {
        type: 'http',
        scheme: 'bearer',
        description: 'Made by enrol token add or on the page API Tokens; begins with enrol_.',
      },
    },
    schemas: componentSchemas(),
    responses: problemResponses(),
  },
});

const tagOf = ({ path }: Endpoint): string => path.split('/')[1] ?? '';

function pathsOf(endpoints: readonly Endpoint[]): Record<string, Json> {
  const paths = Map.groupBy(endpoints, ({ path }) => path.replace(/:(\w+)/g, '{$1}'));
  return Object.fromEntries(
    [...paths].map(([path, each]) => [
      path,
      Object.fromEntries(each.map((endpoint) => [endpoint.method.toLowerCase(), operationOf(endpoint)])),
    ]),
  );
}

const operationOf = (endpoint: Endpoint): Json => ({
  operationId: endpoint.id,
  tags: [tagOf(endpoint)],
  summary: endpoint.summary,
  description: [endpoint.description, `Needs the role ${endpoint.role}.`].filter(Boolean).join(' '),
  parameters: [...parametersOf('path', endpoint.params), ...parametersOf('query', endpoint.query)],
  ...(endpoint.body && {
    requestBody: {
      required: true,
      content: { 'application/json': { schema: plain(endpoint.body, 'input') } },
    },
  }),
  responses: {
    [endpoint.status]: {
      description: endpoint.status === 202 ? 'It is taken on, and done later.' : 'It is done.',
      content: { 'application/json': { schema: { $ref: componentOf(endpoint.response) } } },
    },
    ...Object.fromEntries(
      statusesOf(endpoint).map((status) => [
        status,
        { $ref: `#/components/responses/${responseName(status)}` },
      ]),
    ),
  },
});

const parametersOf = (where: 'path' | 'query', fields: z.ZodObject): Json[] =>
  Object.entries(fields.shape).map(([name, field]) => {
    const { description: text, ...schema } = plain(field as z.ZodType, 'output');
    return {
      name,
      in: where,
      required: !(field as z.ZodType).safeParse(undefined).success,
      ...(text !== undefined && { description: text }),
      schema,
    };
  });

/** Failures that an endpoint may answer with. */
const statusesOf = ({ params, body }: Endpoint): ProblemStatus[] => [
  400,
  401,
  403,
  ...(Object.keys(params.shape).length > 0 ? ([404] as const) : []),
  ...(body ? ([409, 413, 415, 422] as const) : []),
  429,
  500,
  503,
];

const responseName = (status: number): string => `Problem${status}`;

const problemResponses = (): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(problemStatuses).map(([status, text]) => [
      responseName(Number(status)),
      {
        description: text,
        content: { 'application/problem+json': { schema: { $ref: componentOf(problem) } } },
      },
    ]),
  );

const componentOf = (schema: z.ZodType): string => `#/components/schemas/${named.get(schema)?.id ?? ''}`;

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** The pattern of a time is longer than the rest of the document, and says what its format says. */
const tidied: Override = ({ jsonSchema }) => {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
};

/** Programs leave alone what they do not know in an answer. */
const open: Override = (context) => {
  tidied(context);
  if (context.jsonSchema.additionalProperties === false) delete context.jsonSchema.additionalProperties;
};

function plain(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, override: tidied });
  return rest;
}

function componentSchemas(): Record<string, Json> {
  const { schemas } = z.toJSONSchema(named, {
    uri: (id) => `#/components/schemas/${id}`,
    override: open,
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
