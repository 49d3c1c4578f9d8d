import { statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { readSecret, replaceFile, writeNewFile, writeNewSecret } from '../../../shared/runtime/secrets.ts';

const canary = 'CANARY-passphrase';
const noCredentials = {};
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  file = join(folder, 'passphrase');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, text: string, mode = 0o600) =>
  writeFile(path, text).then(() => chmod(path, mode));
const read = (environment: NodeJS.ProcessEnv = noCredentials) =>
  readSecret({ name: 'the-secret', file }, environment);

async function refusal(environment?: NodeJS.ProcessEnv): Promise<string> {
  const fault = (await read(environment).catch((error: unknown) => error)) as Error & { code: string };
  expect(`${fault.message} ${JSON.stringify(fault)}`).not.toContain(canary);
  return fault.code;
}

describe('a secret', () => {
  test.each([
    ['as it is', canary, canary],
    ['without its final newline', `${canary}\n`, canary],
    ['without a final newline of Windows', `${canary}\r\n`, canary],
    ['with everything else, further newlines too', ` ${canary}\n\n`, ` ${canary}\n`],
  ])('is read %s', async (_, text, expected) => {
    await write(file, text);
    expect(await read()).toBe(expected);
  });

  test.each([0o644, 0o640, 0o604, 0o620, 0o601])('P21 O12 with mode %i is refused', async (mode) => {
    await write(file, canary, mode);
    expect(await refusal()).toBe('SECRET_EXPOSED');
  });

  test('P21 behind a link: the mode of the file itself counts', async () => {
    const target = join(folder, 'target');
    await write(target, canary, 0o644);
    await symlink(target, file);
    expect(await refusal()).toBe('SECRET_EXPOSED');
  });

  test.each(['', '\n'])('that is empty is refused', async (text) => {
    await write(file, text);
    expect(await refusal()).toBe('KEY_UNREADABLE');
  });

  test('that is missing is refused', async () => {
    expect(await refusal()).toBe('KEY_UNREADABLE');
    expect(await refusal({ CREDENTIALS_DIRECTORY: folder })).toBe('KEY_UNREADABLE');
  });

  test('comes from the credentials of systemd first', async () => {
    const credentials = { CREDENTIALS_DIRECTORY: folder };
    await write(file, 'from the file');
    expect(await read(credentials)).toBe('from the file');
    const credential = join(folder, 'the-secret');
    // systemd lets the service in by an access list, which shows as the group's bits.
    await write(credential, 'from systemd', 0o440);
    expect(await read(credentials)).toBe('from systemd');
    expect(await read({ CREDENTIALS_DIRECTORY: '' })).toBe('from the file');
    await chmod(credential, 0o444);
    expect(await refusal(credentials)).toBe('SECRET_EXPOSED');
  });
});

describe('a new secret', () => {
  test('is long, random and for its owner alone', async () => {
    const path = join(folder, 'secrets', 'passphrase');
    await writeNewSecret(path);
    await writeNewSecret(file);
    const first = await readSecret({ name: 'x', file: path }, noCredentials);
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await read()).not.toBe(first);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'secrets'))).mode & 0o777).toBe(0o700);
  });

  test('replaces none', async () => {
    await write(file, canary);
    await expect(writeNewSecret(file)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await readFile(file, 'utf8')).toBe(canary);
  });

  test('is whole as soon as it has its name', async () => {
    const text = 'x'.repeat(8_000_000);
    const sizes = new Set<number | undefined>();
    for (const put of [writeNewFile, replaceFile]) {
      const end = new AbortController();
      const written = put(file, text, 0o600).finally(() => {
        end.abort();
      });
      while (!end.signal.aborted) {
        sizes.add(statSync(file, { throwIfNoEntry: false })?.size);
        await setImmediate();
      }
      await written;
    }
    expect(sizes).toEqual(new Set([undefined, text.length]));
    expect(await readdir(folder)).toEqual([basename(file)]);
  });

  test('leaves nothing behind if it cannot be written', async () => {
    const unwritable = { toString: () => 'x' } as unknown as string;
    await expect(writeNewFile(file, unwritable, 0o600)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});
