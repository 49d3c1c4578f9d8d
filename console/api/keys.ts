import { z } from 'zod';

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
  expiresAt: time.nullable().describe('Null: it does not expire.'),
  revoked: z.boolean(),
  canSign: z.boolean(),
  canEncrypt: z.boolean(),
});

const toKey = (info: KeyInfo): z.input<typeof key> => ({
  party: info.party,
  fingerprint: info.fingerprint,
  userIds: [...info.userIds],
  algorithm: info.algorithm,
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
  run: async ({ loaded, clock }) => ({ items: (await listKeys(keysFolder(loaded), clock.now())).map(toKey) }),
});
