import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { batchHistory, reprocessBatch } from '../../../shared/store/batches.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';
import {
  adaptorRuntime,
  extracted,
  extracting,
  keyRing,
  move,
  order,
  publish,
  requestRows,
  responses,
  standing,
  transform,
} from './scenes.ts';

let ring: KeyRing;
let rt: TestRuntime;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

const noIdentifier = {
  deliveries: [
    { deliveryNumber: 'DN', shipDate: '2026-05-05T00:00:00Z', devices: [{ deviceId: 'D1', productId: 'P' }] },
  ],
};

describe('a generic request file', () => {
  test('becomes a request to the provider; the batch is transformed, and transmitted when the file is out', async () => {
    const document = await extracted(rt, [order(12, 2), order(13, 1)]);
    expect(await transform(rt, ring, document)).toBe(document.identifier);
    const [row] = await requestRows(rt);
    expect(row).toMatchObject({
      provider_id: 'apple',
      batch_id: document.identifier,
      state: 'queued',
      queries: 0,
    });
    expect(await standing(rt, document.identifier)).toBe('Transmission · In progress');

    const [file, ...more] = await publish(rt);
    expect(more).toEqual([]);
    expect(file?.name).toBe(`provider/apple/outbound/bulk-enroll-devices.${row?.transaction_id ?? ''}.json`);
    expect(file?.body).toMatchObject({
      transactionId: row?.transaction_id,
      orders: [{ orderNumber: '12' }, { orderNumber: '13' }],
    });
    expect(await requestRows(rt)).toMatchObject([{ state: 'sent', sent_at: rt.clock.now().toISOString() }]);
    expect(await standing(rt, document.identifier)).toBe('Transmission · Complete');
    const stages = (await batchHistory(rt.db, document.identifier)).map(
      (row) => `${row.stage} · ${row.status}`,
    );
    expect(stages.slice(4)).toEqual([
      'Transformation · In progress',
      'Transformation · Complete',
      'Transmission · In progress',
      'Transmission · Complete',
    ]);
  });

  test('with more than the provider takes at once becomes several requests; the last one completes the batch', async () => {
    await rt.close();
    rt = await adaptorRuntime({ ordersPerRequest: 1 });
    const document = await extracted(rt, [order(12, 1), order(13, 1)]);
    await transform(rt, ring, document);
    const rows = await requestRows(rt);
    expect(rows).toHaveLength(2);
    await rt.db
      .updateTable('delivery')
      .set({ moved_at: 'later' })
      .where('provider_request_id', '=', rows[1]?.id ?? 0)
      .execute();
    await publish(rt);
    expect(await standing(rt, document.identifier)).toBe('Transmission · In progress');
    await rt.db
      .updateTable('delivery')
      .set({ moved_at: null })
      .where('provider_request_id', '=', rows[1]?.id ?? 0)
      .execute();
    await publish(rt);
    expect(await standing(rt, document.identifier)).toBe('Transmission · Complete');
  });

  test('E06 without orders: nothing is sent, and the batch is through', async () => {
    const document = await extracted(rt, []);
    await transform(rt, ring, document);
    expect(await publish(rt)).toEqual([]);
    expect(await standing(rt, document.identifier)).toBe('Transmission · Complete');
  });
});

describe('T05 what cannot be mapped', () => {
  test('is refused device by device; the rest of the file goes on', async () => {
    const document = await extracted(rt, [order(12, 1, noIdentifier), order(13, 1)]);
    await transform(rt, ring, document);
    expect(await standing(rt, document.identifier)).toBe('Transmission · In progress');
    const [file, ...more] = await publish(rt);
    expect(more).toEqual([]);
    expect(file?.body).toMatchObject({ orders: [{ orderNumber: '13' }] });
    const [response] = await responses(rt);
    expect(response?.order).toEqual({
      id: 12,
      devices: [
        {
          deviceId: 'D1',
          errors: [
            { id: 'IDENTIFIER_MISSING', errorMessage: expect.stringContaining('none of the identifiers') },
          ],
        },
      ],
    });
    const notes = (await batchHistory(rt.db, document.identifier)).map((row) => row.note);
    expect(notes).toContain('1 request(s); 1 order(s) with 1 device(s) not asked for');
  });

  test('when nothing can be asked for, the batch is through and every order is answered', async () => {
    const document = await extracted(rt, [order(12, 1, noIdentifier)]);
    await transform(rt, ring, document);
    expect(await standing(rt, document.identifier)).toBe('Transmission · Complete');
    expect(await requestRows(rt)).toEqual([]);
    expect(await responses(rt)).toHaveLength(1);
  });

  const twice = () => [order(12, 1), order(12, 1)];

  test('an order that stands twice: the batch stands at Transformation · Error with the reason', async () => {
    const document = await extracted(rt, twice());
    await expect(transform(rt, ring, document)).rejects.toMatchObject({
      code: 'UNMAPPABLE',
      class: 'permanent',
    });
    expect(await standing(rt, document.identifier)).toBe('Transformation · Error');
    expect((await batchHistory(rt.db, document.identifier)).at(-1)?.note).toMatch(/UNMAPPABLE: .*order 12/);
    expect(await requestRows(rt)).toEqual([]);
  });

  test('is refused for the same reason when the process died in between', async () => {
    const document = await extracted(rt, twice());
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNMAPPABLE' });
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNMAPPABLE' });
    expect(await standing(rt, document.identifier)).toBe('Transformation · Error');
  });

  test('is tried again when the batch is not yet recorded as extracted: else it would wait for ever', async () => {
    const document = await extracting(rt, twice());
    await expect(transform(rt, ring, document)).rejects.toMatchObject({
      code: 'BATCH_NOT_READY',
      class: 'transient',
    });
    await move(rt, document.identifier, { stage: 'Extract/Load', status: 'Complete' });
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNMAPPABLE' });
    expect(await standing(rt, document.identifier)).toBe('Transformation · Error');
  });

  test('goes its whole way again after it was corrected', async () => {
    const document = await extracted(rt, twice());
    await expect(transform(rt, ring, document)).rejects.toThrow();
    const id = document.identifier;
    await reprocessBatch(rt.db, id, 'operator', rt.clock.now(), 'corrected');
    await move(rt, id, { stage: 'Extract/Load', status: 'In progress' });
    await move(rt, id, { stage: 'Extract/Load', status: 'Complete' });
    await transform(rt, ring, { ...document, recordCount: 1, orders: [order(12, 1)] });
    expect(await standing(rt, id)).toBe('Transmission · In progress');
  });

  test('a provider that is not configured puts the batch to Error as well', async () => {
    const document = await extracted(rt, [order(12, 1)], { deviceEnrolmentProviderId: 'google' });
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNKNOWN_PROVIDER' });
    expect(await standing(rt, document.identifier)).toBe('Transformation · Error');
  });

  test.each(['constructor', '__proto__', 'toString'])('J01 %s is no provider', async (name) => {
    const document = await extracted(rt, [order(12, 1)], { deviceEnrolmentProviderId: name });
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNKNOWN_PROVIDER' });
  });
});

describe('the batch of the file', () => {
  test('is unknown', async () => {
    const document = await extracted(rt, [order(12, 1)]);
    await expect(transform(rt, ring, { ...document, identifier: 99 })).rejects.toMatchObject({
      code: 'UNKNOWN_BATCH',
    });
    expect(await requestRows(rt)).toEqual([]);
  });

  test('is an inbound one', async () => {
    const document = await extracted(rt, [order(12, 1)]);
    await rt.db.updateTable('batch').set({ direction: 'inbound' }).execute();
    await expect(transform(rt, ring, document)).rejects.toMatchObject({ code: 'UNKNOWN_BATCH' });
  });

  test('E01 is not yet recorded as extracted: tried again, and nothing is queued', async () => {
    const document = await extracting(rt, [order(12, 1)]);
    await expect(transform(rt, ring, document)).rejects.toMatchObject({
      code: 'BATCH_NOT_READY',
      class: 'transient',
    });
    expect(await requestRows(rt)).toEqual([]);
    await move(rt, document.identifier, { stage: 'Extract/Load', status: 'Complete' });
    await transform(rt, ring, document);
    expect(await requestRows(rt)).toHaveLength(1);
  });

  test('was transformed before: nothing is sent twice', async () => {
    const document = await extracted(rt, [order(12, 1)]);
    await transform(rt, ring, document);
    await publish(rt);
    await expect(transform(rt, ring, document)).rejects.toMatchObject({
      code: 'BATCH_ELSEWHERE',
      class: 'permanent',
    });
    expect(await publish(rt)).toEqual([]);
    expect(await standing(rt, document.identifier)).toBe('Transmission · Complete');
  });
});
