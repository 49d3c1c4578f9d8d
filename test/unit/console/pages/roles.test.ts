import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { actions, pages } from '../../../../console/pages/registry.ts';
import { roles, suffices } from '../../../../shared/store/states/role.ts';
import { PagesScene, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeAll(async () => {
  scene = await PagesScene.open();
});
afterAll(() => scene.close());

/** The path with something of which the store has nothing. */
const filled = (path: string): string => path.replace(/:(\w+)/g, '404');

const lists = pages.filter(({ path }) => !path.includes(':'));
const details = pages.filter(({ path }) => path.includes(':'));

describe.each(lists.map((page) => [page.path, page] as const))('%s', (path, page) => {
  test('is shown, on an empty store, to those whose role suffices', async () => {
    for (const role of roles) {
      const { status, text } = await (await scene.as(role)).get(path);
      expect([role, status]).toEqual([role, suffices(role, page.role) ? 200 : 403]);
      if (status === 200) expect(wordsOf(text)).toContain(page.title);
    }
    expect((await scene.stranger().get(path)).status).toBe(401);
  });
});

test.each(details.map((page) => page.path))('%s of what there is not is not found', async (path) => {
  const { status, text } = await (await scene.as('viewer')).get(filled(path));
  expect(status).toBe(404);
  expect(wordsOf(text)).toMatch(/NOT_FOUND : there is no/);
  expect((await scene.stranger().get(filled(path))).status).toBe(401);
});

describe.each(actions.map((action) => [action.path, action] as const))('POST %s', (path, action) => {
  test('is refused to whoever is not signed in, whose role does not suffice, or who has no token', async () => {
    expect((await scene.stranger().post(filled(path), { reason: 'x' })).status).toBe(401);
    for (const role of roles.filter((each) => !suffices(each, action.role))) {
      expect((await scene.refusal(filled(path), { reason: 'x' }, role))[0]).toBe(403);
    }
    const allowed = await scene.refusal(filled(path), { reason: 'x', csrf: 'guessed' }, action.role);
    expect(allowed).toEqual([403, expect.stringContaining('FORM_NOT_OURS')]);
    expect(await scene.audited()).toEqual([]);
  });
});
