import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { endpoints } from '../../../../console/api/registry.ts';
import { actions } from '../../../../console/pages/registry.ts';
import { roles, suffices } from '../../../../shared/store/states/role.ts';
import { ApiScene } from './api-scene.ts';
import { examples } from './example-requests.ts';

let scene: ApiScene;
beforeAll(async () => {
  scene = await ApiScene.open();
});
afterAll(() => scene.close());

const reason = 'because of a test';

test('every endpoint has an example, and a path and an id of its own', () => {
  expect(Object.keys(examples).sort()).toEqual(endpoints.map(({ id }) => id).sort());
  const places = endpoints.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(places).size).toBe(endpoints.length);
});

describe('O10, O11: who may do what', () => {
  test.each(endpoints.map(({ id, method, path, role }) => ({ id, method, path, needed: role })))(
    '$method $path needs $needed',
    async ({ id, method, needed }) => {
      for (const role of [undefined, ...roles]) {
        const example = await examples[id]?.(scene);
        if (example === undefined) throw new Error(`there is no example of ${id}`);
        const token = role && (await scene.token(role));
        const body = method === 'GET' ? undefined : { ...example.body, reason };
        const before = await scene.everything();
        const { status, json } = await scene.ask({ method, path: example.path, token, body });
        const allowed = role !== undefined && suffices(role, needed);
        if (allowed) expect([role, Math.floor(status / 100), json]).toEqual([role, 2, json]);
        else expect([role, status]).toEqual([role, role === undefined ? 401 : 403]);
        if (!allowed || method === 'GET') expect(await scene.everything()).toBe(before);
        else {
          expect(await lastAudit()).toMatchObject({ ...example.audit, who: `token some-${role}`, reason });
        }
      }
    },
  );

  test('the console and the API demand the same roles', () => {
    const renamed: Partial<Record<string, string>> = {
      '/batches': '/interfaces',
      '/module-properties': '/properties',
      '/settings': '/configuration',
    };
    const found = endpoints.flatMap(({ path, role, method, body }) => {
      const [, first = '', ...rest] = path.split('/');
      const start = renamed[`/${first}`] ?? `/${first.replace('provider-', '')}`;
      const verb = method === 'PUT' && rest.length === 1 ? ['set'] : [];
      const action = actions.find((each) => each.path === [start, ...rest, ...verb].join('/'));
      return body && action ? [{ path, role, same: action.role === role }] : [];
    });
    expect(found.filter(({ same }) => !same)).toEqual([]);
    expect(found.length).toBeGreaterThan(15);
  });

  test('a change without a reason, or with an empty one, changes nothing', async () => {
    for (const { id, method } of endpoints.filter((endpoint) => endpoint.body)) {
      const example = await examples[id]?.(scene);
      const asked = { method, path: example?.path ?? '', token: await scene.token('administrator') };
      const before = await scene.everything();
      for (const body of [{ ...example?.body }, { ...example?.body, reason: '  ' }]) {
        const { status, detail } = await scene.refusal({ ...asked, body });
        expect([id, status, detail]).toEqual([id, 400, expect.stringContaining('reason: ')]);
      }
      expect(await scene.everything()).toBe(before);
    }
  });
});

const lastAudit = () =>
  scene.rt.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
