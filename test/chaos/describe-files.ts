import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { TestInstallation } from '../support/installation.ts';
import { plainText, type Published } from './plain-names.ts';

const reasonSuffix = '.reason.json';

/** Every file of the spool: where it lies, and what it is; a reason file by the code that it gives. */
export async function describeFiles(installation: TestInstallation, published: Published): Promise<string[]> {
  const lines: string[] = [];
  for (const path of await installation.files()) {
    const bytes = await readFile(join(installation.spool(), path));
    lines.push(`${plainText(path)}: ${contentOf(path, bytes, published)}`);
  }
  return lines;
}

function contentOf(path: string, bytes: Buffer, published: Published): string {
  if (!path.endsWith(reasonSuffix)) return published(createHash('sha256').update(bytes).digest('hex'));
  return (JSON.parse(bytes.toString()) as { code: string }).code;
}
