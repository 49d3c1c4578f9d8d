import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { buildPackages } from './build.ts';
import { ToolFailed } from './tools.ts';

/**
 * Makes a tarball and a Debian package of what is committed: the same bytes for the same commit, on every machine of one
 * architecture with the same dpkg and gzip.
 *
 *   npm run package                       into dist/
 *   npm run package -- --output DIR
 */

const { values: options } = parseArgs({ options: { output: { type: 'string', default: 'dist' } } });
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
try {
  const { files, uncommitted } = await buildPackages({ output: resolve(options.output), version });
  for (const { path, bytes, sha256 } of files)
    console.log(`${sha256}  ${relative('.', path)}  (${(bytes / 2 ** 20).toFixed(1)} MiB)`);
  if (uncommitted) console.log('With changes that are not committed: nobody else can make the same.');
} catch (error) {
  if (!(error instanceof ToolFailed)) throw error;
  console.error(`npm run package: ${error.message}`);
  process.exitCode = 1;
}
