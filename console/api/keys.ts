import { z } from 'zod';

import { keyStanding } from '../../shared/operator/key-rules.ts';
import { listKeys, type KeyInfo } from '../../shared/pgp/list-keys.ts';
import { keysFolder } from '../../shared/runtime/paths.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, time } from './fields.ts';

const key = answer('Key', {
  party: z.string().describe('Whose it is; own: ours.'),
  fingerprint: z.string(),
  userIds: z.array(z.string()),
  algorithm: z.string(),
  createdAt: time,
  standing: z
    .enum(['in use', 'coming', 'retired', 'expired', 'revoked', 'of no use'])
    .describe('coming, retired: of ours; a retired key opens older files.'),
  expiresAt: time.nullable().describe('When its first use ends, of subkeys too. Null: it does not expire.'),
  revoked: z.boolean(),
  canSign: z.boolean(),
  canEncrypt: z.boolean(),
});

const toKey = (info: KeyInfo, ring: readonly KeyInfo[], now: Date): z.input<typeof key> => ({
  party: info.party,
  fingerprint: info.fingerprint,
  userIds: [...info.userIds],
  algorithm: info.algorithm,
  standing: keyStanding(info, ring, now),
  createdAt: info.created.toISOString(),
  expiresAt: info.expires?.toISOString() ?? null,
  revoked: info.revoked,
  canSign: info.canSign,
  canEncrypt: info.canEncrypt,
});

/** Whose OpenPGP keys there are; public parts only. */
export const keyEndpoint: Endpoint = lookup({
  path: '/keys',
  id: 'listKeys',
  role: 'viewer',
  summary: 'OpenPGP keys: whose, until when, and for what; public facts only',
  response: answer('KeyList', { items: z.array(key) }),
  run: async ({ loaded, clock }) => {
    const now = clock.now();
    const ring = await listKeys(keysFolder(loaded), now);
    return { items: ring.map((info) => toKey(info, ring, now)) };
  },
});
