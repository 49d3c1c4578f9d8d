import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { tokenPattern } from '../../shared/operator/api-tokens.ts';
import { consolePort } from '../support/console-port.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

const reason = ['--reason', 'a monthly report'];
const add = (name: string, ...more: string[]) => installation.json('token', 'add', name, ...more, ...reason);

test('O10, O11: a program with a token follows a job from its wish to its run, and is shut out when revoked', async () => {
  await installation.configure([[['console', 'address'], '127.0.0.1:0']]);
  const file = join(installation.home, 'token');
  const added = await add('nightly', '--role', 'operator', '--file', file);
  expect(added).toMatchObject({ code: 0, value: { name: 'nightly', role: 'operator', state: 'valid' } });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const token = (await readFile(file, 'utf8')).trim();
  expect(token).toMatch(tokenPattern);
  expect(JSON.stringify(added)).not.toContain(token);

  const console = installation.start(['console']);
  await console.logged('daemon.ready');
  const port = consolePort(console.stdout) ?? '';
  const api = `http://127.0.0.1:${port}/api/v1`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const read = async (path: string) =>
    (await (await fetch(api + path, { headers })).json()) as Record<string, unknown>;

  const asked = await fetch(`${api}/jobs/salesOrderDispatch/run`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ reason: 'a late dispatch' }),
  });
  expect(asked.status).toBe(202);
  expect(await asked.json()).toMatchObject({ key: 'salesOrderDispatch', askedFor: { by: 'token nightly' } });
  const scheduler = installation.start(['scheduler']);
  const run = await waitFor('a run of the job', async () => {
    const { items } = (await read('/jobs/salesOrderDispatch/runs')) as { items: { state: string }[] };
    return items.find(({ state }) => state === 'complete');
  });
  expect(run).toMatchObject({ cause: 'operator', batches: 0, problems: [] });
  const daemons = (await read('/daemons')) as {
    items: { name: string; processes: { running: boolean }[] }[];
  };
  const running = daemons.items.filter(({ processes }) => processes.some((each) => each.running));
  expect(running.map(({ name }) => name)).toEqual(['scheduler', 'console']);

  const { code } = await installation.run('token', 'revoke', 'nightly', ...reason);
  expect(code).toBe(0);
  const refused = await fetch(`${api}/jobs`, { headers });
  expect([refused.status, await refused.json()]).toEqual([
    401,
    expect.objectContaining({ code: 'TOKEN_REFUSED', detail: 'the token nightly is revoked' }),
  ]);
  const db = await installation.store();
  const audit = await db.selectFrom('audit').select(['who', 'action', 'reason']).orderBy('id').execute();
  expect(audit).toEqual([
    { who: expect.any(String), action: 'token.add', reason: 'a monthly report' },
    { who: 'token nightly', action: 'job.run', reason: 'a late dispatch' },
    { who: audit[0]?.who, action: 'token.revoke', reason: 'a monthly report' },
  ]);
  for (const program of [console, scheduler]) {
    const { code: ended, stdout, stderr } = await program.end('SIGTERM');
    expect([ended, stderr, stdout.includes(token)]).toEqual([0, '', false]);
  }
});

test('enrol token: shown once, listed without the token, never made by halves', async () => {
  const first = await installation.run('token', 'add', 'first', '--role', 'viewer', '--days', '7', ...reason);
  const [said = '', token = '', warning] = first.stdout.split('\n');
  expect([first.code, warning]).toEqual([0, 'It is not shown again.']);
  expect(said).toMatch(/^Token first: viewer, until \d{4}-/);
  expect(token).toMatch(tokenPattern);
  const shown = (await add('second', '--role', 'administrator')).value as { token: string; digest?: string };
  expect(shown.token).toMatch(tokenPattern);
  expect(shown.digest).toBeUndefined();

  const taken = join(installation.home, 'config', 'enrol.yaml');
  expect(await add('third', '--role', 'viewer', '--file', taken)).toMatchObject({
    code: 1,
    value: { error: { code: 'NOT_ALLOWED' } },
  });
  const unused = join(installation.home, 'unused');
  expect(await add('first', '--role', 'viewer', '--file', unused)).toMatchObject({
    code: 1,
    value: { error: { code: 'NOT_ALLOWED' } },
  });
  await expect(stat(unused)).rejects.toThrow('ENOENT');
  for (const [code, words] of [
    [2, ['add', 'Fourth', '--role', 'viewer', ...reason]],
    [2, ['add', 'fourth', '--role', 'viewer', '--days', '366', ...reason]],
    [2, ['add', 'fourth', '--role', 'root', ...reason]],
    [2, ['add', 'fourth', '--role', 'viewer']],
    [2, ['revoke', 'first']],
    [7, ['revoke', 'fourth', ...reason]],
  ] as const) {
    expect([words, (await installation.run('token', ...words)).code]).toEqual([words, code]);
  }
  expect((await installation.run('token', 'revoke', 'first', ...reason)).stdout).toBe(
    'Token first: revoked\n',
  );
  const list = await installation.run('token', 'list');
  const rows = list.stdout.split('\n').slice(2, 4);
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 3))).toEqual([
    ['first', 'viewer', 'revoked'],
    ['second', 'administrator', 'valid'],
  ]);
  expect(list.stdout).not.toContain('enrol_');
});

test('enrol api openapi prints the document, without an installation', async () => {
  const { code, value } = await installation.json('api', 'openapi');
  expect([code, value]).toEqual([
    0,
    expect.objectContaining({ openapi: '3.1.0', servers: [{ url: '/api/v1' }] }),
  ]);
  expect((await installation.run('api', 'openapi')).stdout).toBe(`${JSON.stringify(value, null, 2)}\n`);
});
