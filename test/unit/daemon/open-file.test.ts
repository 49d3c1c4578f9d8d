import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { fixedKeys, openFile } from '../../../shared/daemon/keys.ts';
import { generateOwnKey } from '../../../shared/pgp/generate.ts';
import { loadKeyRing, type KeyRing } from '../../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { contentOf, wholeOf } from '../../../shared/spool/received-file.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';

const passphrase = 'only for this test';
const policy = configSchema.parse({}).inboxes.inboundDeviceEnrolment;
const content = Buffer.from('{"some":"document"}');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

const generate = (now: string) => generateOwnKey({ folder, passphrase, name: 'Test', now: new Date(now) });
const load = (): Promise<KeyRing> => loadKeyRing({ folder, passphrase });

/** What was told while the file was opened. */
async function open(bytes: Uint8Array, ring: KeyRing, settings = policy) {
  const told: [string, object][] = [];
  const emit = (name: string, fields: object) => void told.push([name, fields]);
  const file = { ...contentOf(bytes), name: 'x.pgp' };
  const opened = await openFile({ clock: systemClock, emit }, file, settings, fixedKeys(ring));
  return { text: Buffer.from(await wholeOf(opened)).toString(), told };
}

test('P07: a file for our retired key is opened, and its sender is to be told', async () => {
  await generate('2026-01-01T00:00:00Z');
  const before = await load();
  const sealed = await sealMessage(content, before, { encryptTo: ['own'] });
  expect(await open(sealed, before)).toEqual({ text: content.toString(), told: [] });
  await generate('2026-02-01T00:00:00Z');
  const after = await load();
  const { text, told } = await open(sealed, after);
  expect(text).toBe(content.toString());
  expect(told).toMatchObject([['key.retired-used', { file: 'x.pgp' }]]);
});

test('a file of an inbox without encryption is taken as it is', async () => {
  await generate('2026-01-01T00:00:00Z');
  const plain = { ...policy, encryption: 'none' } as const;
  expect(await open(content, await load(), plain)).toEqual({ text: content.toString(), told: [] });
});
