import { createHash } from 'node:crypto';

import type { Config } from './config-schema.ts';

/**
 * Tells one configuration from another: the same for files that mean the same, whatever their comments and the order of
 * their settings. Pure.
 */
export const configDigest = (config: Config): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(config)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
