import { lstat } from 'node:fs/promises';

import { errnoOf, Fault } from '../runtime/faults.ts';

/**
 * A refused access, with what an operator needs to mend it: whose the file is, its mode, and who we are. Whatever else
 * was thrown is returned as it is.
 */
export async function withOwner(thrown: unknown, path: string | Buffer): Promise<unknown> {
  const code = errnoOf(thrown);
  if (code !== 'EACCES' && code !== 'EPERM') return thrown;
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return thrown;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  const us = `${process.geteuid?.() ?? '?'}:${process.getegid?.() ?? '?'}`;
  const detail = `${code}: the file belongs to ${stat.uid}:${stat.gid} and has mode ${mode}; we are ${us}`;
  return new Fault('SPOOL_PERMISSION', detail, { cause: thrown });
}
