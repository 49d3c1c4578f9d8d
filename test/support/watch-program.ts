import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Doorbell } from '../../shared/spool/doorbell.ts';

/** Watches a folder until it is told that this failed, and says what it was told. */
const folder = mkdtempSync(join(tmpdir(), 'watch-'));
const failed = Promise.withResolvers<string>();
const doorbell = new Doorbell(
  folder,
  () => undefined,
  (name, fields) => failed.resolve(`${name} ${JSON.stringify(fields)}\n`),
);
const alive = setInterval(() => undefined, 1000);
process.stdout.write(await failed.promise);
clearInterval(alive);
await doorbell.close();
rmdirSync(folder);
