import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../../support/thread-crypto-program.ts', import.meta.url));

interface Printed {
  readonly differs: boolean;
  readonly found: Readonly<Record<string, readonly [string, string]>>;
  readonly refused: Readonly<Record<string, boolean>>;
}

test('what the OpenPGP threads calculate without Node’s pool is what WebCrypto calculates, or refuses', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  const { differs, found, refused } = JSON.parse(stdout) as Printed;
  expect(differs).toBe(true);
  expect(Object.keys(found).length).toBeGreaterThan(10);
  for (const [name, [nodes, ours]] of Object.entries(found)) expect([name, ours]).toEqual([name, nodes]);
  expect(found['a signature that is right']?.[0]).toBe('true');
  expect(found['a new key']?.[0]).toBe('true');
  expect(found['a signature that was altered']?.[0]).toBe('false');
  expect(found['a wrapped key that was altered']?.[0]).toBe('OperationError');
  expect(Object.entries(refused).filter(([, both]) => !both)).toEqual([]);
});
