import { Validator } from '@seriousme/openapi-schema-validator';
import { createServer } from 'node:http';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { apiPrefix } from '../../../../console/api/address.ts';
import { endpoints, openApiDocument } from '../../../../console/api/registry.ts';
import { createApp } from '../../../../console/app.ts';
import { argon2 } from '../../../../shared/operator/passwords.ts';
import { roles } from '../../../../shared/store/states/role.ts';
import { testRuntime, type TestRuntime } from '../../../support/test-runtime.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  readonly responses: Readonly<Record<string, object>>;
}
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly description?: string;
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: object };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  // The validator finds what is wrong.
  const wrong = structuredClone(document) as unknown as { paths: Record<string, unknown> };
  wrong.paths['/wrong'] = { get: { responses: { 200: {} } } };
  expect((await new Validator().validate(wrong as never)).valid).toBe(false);
});

test('every reference leads somewhere, and every component is used', () => {
  const text = JSON.stringify(document);
  const references = new Set(
    [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].map(
      ([, kind, name]) => `${kind ?? ''}/${name ?? ''}`,
    ),
  );
  const components = Object.entries(document.components).flatMap(([kind, each]) =>
    kind === 'securitySchemes' ? [] : Object.keys(each).map((name) => `${kind}/${name}`),
  );
  expect([...references].sort()).toEqual(components.sort());
  expect(text).not.toContain('"$defs"');
  expect(text.match(/"\$ref":"(?!#\/components\/\w)/)).toBeNull();
});

describe('every operation', () => {
  test.each(operations)('$method $path', ({ path, operation }) => {
    const endpoint = endpoints.find(({ id }) => id === operation.operationId);
    expect(operation.summary).toMatch(/^\w/);
    expect(operation.description).toContain(`Needs the role ${endpoint?.role ?? ''}.`);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name }) => name)).toEqual(named);
    expect(inPath.every(({ required }) => required)).toBe(true);
    expect(Object.keys(operation.responses)).toEqual(
      expect.arrayContaining(['400', '401', '403', '429', '503']),
    );
    expect('404' in operation.responses).toBe(named.length > 0);
    if (!endpoint?.body) return;
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['409', '413', '415', '422']));
    const schema = operation.requestBody?.content['application/json']?.schema;
    expect(operation.requestBody?.required).toBe(true);
    expect(schema?.required).toContain('reason');
    expect(schema?.additionalProperties).toBe(false);
  });

  test('tells whole numbers as such, though they come as text', () => {
    const files = document.paths['/files']?.get?.parameters ?? [];
    expect(files.find(({ name }) => name === 'limit')).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
    });
    const file = document.paths['/files/{file}']?.get?.parameters[0];
    expect(file).toMatchObject({ required: true, schema: { type: 'integer', minimum: 1 } });
  });

  test('lets answers get further fields', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect([name, schema.additionalProperties === false]).toEqual([name, false]);
    }
    expect(document.components.schemas.File?.required).toContain('settledAt');
  });
});

describe('the routes of the server', () => {
  let runtime: TestRuntime;
  beforeAll(async () => {
    runtime = await testRuntime({ store: { url: 'sqlite:enrol.db' } });
  });
  afterAll(() => runtime.close());

  test('are the operations, all of them and no others', async () => {
    const app = await createApp(runtime, {
      secure: false,
      behindServer: false,
      passwords: argon2,
      serverFactory: (handler) => createServer(handler),
    });
    await app.ready();
    const served = routesOf(app.printRoutes({ commonPrefix: false }))
      .filter((route) => route.includes(` ${apiPrefix}`))
      .map((route) => route.replace(apiPrefix, ''));
    await app.close();
    const told = operations.map(
      ({ method, path }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    expect(served.sort()).toEqual(told.sort());
    expect(served.length).toBeGreaterThan(30);
  });
});

/** `GET /files/:file`, … of the tree that Fastify prints; HEAD comes with GET. */
function routesOf(tree: string): string[] {
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', name = '', methods] =
      /^((?:│ {3}| {4})*)[└├]── (\S*)(?: \((.*)\))?$/.exec(line) ?? [];
    if (line === '' || name === '') return [];
    const depth = indent.length / 4;
    parents.splice(depth, Infinity, (parents[depth - 1] ?? '') + name);
    const path = parents[depth] ?? '';
    const each = (methods ?? '').split(', ').filter((method) => method !== '' && method !== 'HEAD');
    return each.map((method) => `${method} ${path}`);
  });
}

test('no endpoint is for everybody, and none that changes anything for viewers', () => {
  for (const { id, role, body } of endpoints) {
    expect([id, roles.includes(role)]).toEqual([id, true]);
    if (body) expect([id, role]).not.toEqual([id, 'viewer']);
  }
});
