import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { extractBatches } from '../../../daemons/extractor/extract-batch.ts';
import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { readDocument } from '../../../shared/generic/document.ts';
import { createBatch, requireBatch } from '../../../shared/store/batches.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const never = new AbortController().signal;

describe('a prepared batch', () => {
  test('E06: without an order becomes a valid file with count zero', async () => {
    const { category, type, version } = deviceEnrolmentRequest;
    const standing = { stage: 'Batch', status: 'Complete' } as const;
    const start = { direction: 'outbound', category, type, version, standing } as const;
    const { id } = await createBatch(
      rt.db,
      { ...start, providerId: 'apple', externalFileName: null, items: [] },
      'somebody',
      rt.clock.now(),
    );
    expect(await extractBatches(rt, never)).toEqual({ worked: 1, refused: 0, waiting: 0 });
    const [file, ...others] = await queuedDocuments(rt.db, 'generic-request');
    expect(others).toEqual([]);
    expect(readDocument(Buffer.from(file?.content ?? ''), deviceEnrolmentRequest)).toMatchObject({
      identifier: id,
      recordCount: 0,
      orders: [],
    });
    expect(await requireBatch(rt.db, id)).toMatchObject({ stage: 'Extract/Load', status: 'In progress' });
  });
});
