import { expect, test } from '@jest/globals';

import { recordAudit } from '../../../shared/store/audit.ts';
import { later, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';
import { auditOf } from '../../support/store-lookups.ts';

export function auditContract(store: StoreUnderTest): void {
  const entry = {
    who: 'pat',
    action: 'reprocess',
    subject: 'batch 1',
    reason: 'retry',
    before: null,
    after: null,
  };

  test('the entries of a subject come back in their order, and no others', async () => {
    await recordAudit(store.db, { ...entry, before: { status: 'Error' }, after: [] }, now);
    await recordAudit(store.db, { ...entry, subject: 'batch 10' }, now);
    await recordAudit(store.db, { ...entry, who: 'sam', reason: null }, later(-60));
    expect(await auditOf(store.db, 'batch 1')).toEqual([
      {
        id: expect.any(Number),
        at: now.toISOString(),
        who: 'pat',
        action: 'reprocess',
        subject: 'batch 1',
        reason: 'retry',
        before_json: '{"status":"Error"}',
        after_json: '[]',
      },
      expect.objectContaining({ who: 'sam', reason: null, before_json: null, after_json: null }),
    ]);
  });

  test('only null is nothing: false, 0 and the empty text are kept', async () => {
    await recordAudit(store.db, { ...entry, before: false, after: 0 }, now);
    await recordAudit(store.db, { ...entry, before: '', after: 'x' }, now);
    const found = (await auditOf(store.db, 'batch 1')).map((row) => [row.before_json, row.after_json]);
    expect(found).toEqual([
      ['false', '0'],
      ['""', '"x"'],
    ]);
  });
}
