import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { program } from '../../bin/program.ts';
import { faultCodes } from '../../shared/runtime/fault-codes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = [
  ...(await readdir(root)).filter((name) => name.endsWith('.md')),
  ...(await readdir(join(root, 'docs'))).map((name) => join('docs', name)),
  'spool/README.md',
];

describe.each(documents)('%s', (name) => {
  const text = readFile(join(root, name), 'utf8');

  test('links to what is there', async () => {
    const targets = [...(await text).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
    const missing = targets
      .filter((target) => !target.includes('://'))
      .filter((target) => !existsSync(join(root, dirname(name), target)));
    expect(missing).toEqual([]);
  });

  test('names only commands that there are', async () => {
    const known = new Map(
      (await program()).commands.map((command) => [command.name(), command.commands.map((c) => c.name())]),
    );
    const named = [...(await text).matchAll(/`(?:npx )?enrol ([a-z]+)(?: ([a-z][a-z-]*))?/g)];
    for (const [whole, verb = '', noun] of named) {
      expect([...known.keys(), 'help'].map((command) => `${whole}: ${command}`)).toContain(
        `${whole}: ${verb}`,
      );
      const inner = known.get(verb) ?? [];
      if (noun !== undefined && inner.length > 0) expect(inner).toContain(noun);
    }
  });

  test('names only fault codes that there are', async () => {
    const named = [...(await text).matchAll(/`(?:enrol: )?([A-Z]{2,}(?:_[A-Z]+)+)/g)].map(
      ([, code = '']) => code,
    );
    const others = ['POSTED_WITH_ERRORS', 'ENROL_HOME', 'ENROL_STORE_URL', 'NO_COLOR', 'SOURCE_DATE_EPOCH'];
    expect(named.filter((code) => !others.includes(code) && !(code in faultCodes))).toEqual([]);
  });
});
