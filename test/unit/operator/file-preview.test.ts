import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { previewBytes, previewFile } from '../../../shared/operator/file-preview.ts';
import { importPartnerKey } from '../../../shared/pgp/import-keys.ts';
import { generateOwnKey } from '../../../shared/pgp/generate.ts';
import { loadKeyRing, type KeyRing } from '../../../shared/pgp/key-ring.ts';
import { exportPublicKey, ownKeyIds } from '../../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { queuePublication } from '../../../shared/store/publications.ts';
import { addSeen } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { auditOf } from '../../support/store-lookups.ts';

/** A partner whose key we do not have, and we ourselves, as the partner knows us. */
let partner: { store: TemporaryStore; own: string; ring: KeyRing };
beforeAll(async () => {
  const store = await temporaryStore();
  const [own, other] = [join(store.folder, 'own'), join(store.folder, 'other')];
  await generateOwnKey({ folder: own, passphrase: 'own', name: 'CMP' });
  await generateOwnKey({ folder: other, passphrase: 'other', name: 'warehouse' });
  await importPartnerKey({ folder: other, party: 'cmp', armoredOrBinary: await exportPublicKey(own, 'own') });
  partner = { store, own, ring: await loadKeyRing({ folder: other, passphrase: 'other' }) };
});
afterAll(() => partner.store.close());

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime({
    keys: { folder: partner.own },
    providers: {
      apple: {
        format: 'apple',
        account: { shipTo: '0000054321', depResellerId: '0F0F0F0F' },
        inbox: { encryption: 'none', signature: 'forbidden' },
      },
    },
  });
});
afterEach(() => rt.close());

const sealedInbox = 'inboundSalesOrderDispatch';
const plainInbox = 'provider/apple/inbound';

/** A file that lies in rejected/ of an inbox. @returns its number */
async function lying(inbox: string, content: string | Uint8Array, reason?: string): Promise<number> {
  const { id } = await addSeen(rt.db, rt.worker, 'x', inbox);
  const place = `${inbox}/rejected/x`;
  await mkdir(join(rt.loaded.home, 'spool', inbox, 'rejected'), { recursive: true });
  const path = join(rt.loaded.home, 'spool', place);
  await writeFile(path, content);
  if (reason !== undefined) await writeFile(`${path}.reason.json`, reason);
  const change = { place, state: 'rejected', moved_at: rt.clock.now().toISOString() } as const;
  await rt.db.updateTable('delivery').set(change).where('id', '=', id).execute();
  return id;
}

const look = (id: number) => previewFile(rt.loaded, rt.db, { who: 'alice', now: rt.clock.now() }, id);
const seal = (encryptTo: string[]) =>
  sealMessage(Buffer.from('a customer’s secret'), partner.ring, { encryptTo });

describe('a plain file', () => {
  test('is shown, with its damage and the reason file beside it, and the look is in the audit', async () => {
    const id = await lying(plainInbox, Buffer.from([0x61, 0xff, 0x0a, 0x62]), '{"code": "ENCODING"}\n');
    expect(await look(id)).toEqual({
      file: id,
      name: 'x',
      content: { kind: 'text', text: 'a\\xFF\nb', damaged: 1, size: 4, cut: false },
      reason: '{"code": "ENCODING"}\n',
    });
    expect(await auditOf(rt.db, `file ${id}`)).toMatchObject([
      { who: 'alice', action: 'file.preview', before_json: null, after_json: '{"shown":"text"}' },
    ]);
  });

  test('is shown as far as its first 16 KiB', async () => {
    const id = await lying(plainInbox, 'ä'.repeat(previewBytes));
    const { content } = await look(id);
    expect(content).toMatchObject({ size: 2 * previewBytes, cut: true, damaged: 0 });
    expect('text' in content && content.text).toBe('ä'.repeat(previewBytes / 2));
  });

  test('of no bytes is shown as that', async () => {
    const { content } = await look(await lying(plainInbox, ''));
    expect(content).toEqual({ kind: 'text', text: '', damaged: 0, size: 0, cut: false });
  });

  test('for a provider is shown, published or not', async () => {
    const publication = { folder: 'provider/apple/outbound', batchId: null, providerRequestId: null };
    const request = {
      ...publication,
      name: 'r.json',
      purpose: 'provider-request',
      content: '{"a":1}',
    } as const;
    await queuePublication(rt.db, request, rt.clock.now());
    const [row] = await rt.db.selectFrom('delivery').select('id').execute();
    expect((await look(row?.id ?? 0)).content).toMatchObject({ kind: 'text', text: '{"a":1}' });
  });
});

describe('a sealed file', () => {
  test('shows its envelope, and never its content', async () => {
    const id = await lying(sealedInbox, await seal(['cmp', 'own']));
    const { content } = await look(id);
    const own = await ownKeyIds(partner.own);
    expect(content).toMatchObject({ kind: 'sealed', protection: 'modification detection code' });
    const recipients = 'recipients' in content ? content.recipients : [];
    expect(recipients.map(({ ours }) => ours).sort()).toEqual([false, true]);
    expect(own.has(recipients.find(({ ours }) => ours)?.keyId ?? '')).toBe(true);
    expect(await auditOf(rt.db, `file ${id}`)).toMatchObject([{ after_json: '{"shown":"sealed"}' }]);
  });

  test.each([
    ['is no message at all', Buffer.from('a customer’s secret, in plain'), 'NOT_ENCRYPTED'],
    ['is nothing', Buffer.alloc(0), 'NOT_ENCRYPTED'],
  ])('that %s shows nothing of it', async (_what, bytes, code) => {
    const preview = await look(await lying(sealedInbox, bytes));
    expect(preview.content).toEqual({ kind: 'nothing', why: expect.stringContaining(code) });
    expect(JSON.stringify(preview)).not.toContain('customer');
  });

  test('that was cut shows nothing of it', async () => {
    const bytes = await seal(['cmp']);
    const { content } = await look(await lying(sealedInbox, bytes.subarray(0, -3)));
    expect(content).toEqual({ kind: 'nothing', why: expect.stringContaining('PGP_INTEGRITY') });
  });

  test('that is not sealed yet shows nothing of it', async () => {
    const folder = 'outboundDeviceEnrolment/in';
    const document = {
      folder,
      name: 'd.pgp',
      purpose: 'generic-request',
      content: 'a customer’s secret',
    } as const;
    await queuePublication(rt.db, { ...document, batchId: null, providerRequestId: null }, rt.clock.now());
    const [row] = await rt.db.selectFrom('delivery').select('id').execute();
    expect((await look(row?.id ?? 0)).content).toEqual({ kind: 'nothing', why: expect.any(String) });
  });

  test('of an inbox that the configuration has no longer is taken for sealed', async () => {
    const { content } = await look(await lying('provider/gone/inbound', 'a customer’s secret'));
    expect(content).toMatchObject({ kind: 'nothing', why: expect.stringContaining('NOT_ENCRYPTED') });
  });
});

test('a file that is gone, or is a link, shows why there is nothing', async () => {
  const id = await lying(plainInbox, 'x');
  const path = join(rt.loaded.home, 'spool', plainInbox, 'rejected', 'x');
  await rm(path);
  expect((await look(id)).content).toMatchObject({ why: expect.stringContaining('any more') });
  await symlink(rt.loaded.file, path);
  expect((await look(id)).content).toMatchObject({ why: expect.stringContaining('NOT_REGULAR') });
  await expect(look(id + 1)).rejects.toThrow('NOT_FOUND: there is no file');
});
