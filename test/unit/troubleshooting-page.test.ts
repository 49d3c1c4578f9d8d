import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

/** docs/troubleshooting.md quotes messages: each of them is one that the program can write. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8');

const sources = ['bin', 'console', 'daemons', 'jobs', 'shared']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  )
  .map((text) => text.replaceAll(/\s+/g, ' '));

/** Rows of the tables whose first column quotes a message. */
const quoted = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, message = '']) => message);

/** In the order of the message, with what differs between them. */
function isWritten(message: string): boolean {
  const parts = message
    .split('…')
    .map((part) => part.trim())
    .filter((part) => part.length > 2)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const whole = new RegExp(parts.join('.{1,120}?'));
  return sources.some((source) => whole.test(source));
}

test('there are enough of them to be of use', () => {
  expect(quoted.length).toBeGreaterThan(25);
});

test.each(quoted)('%s', (message) => {
  expect(isWritten(message)).toBe(true);
});

test('a message that nobody writes is found out', () => {
  expect(isWritten('the passphrase does not unlock the moon in …')).toBe(false);
});
