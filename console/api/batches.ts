import { z } from 'zod';

import { reprocess } from '../../shared/operator/batch-actions.ts';
import {
  batchHistory,
  itemsAfter,
  listBatches,
  requireBatch,
  type Batch,
  type BatchItem,
} from '../../shared/store/batches.ts';
import { deliveriesOfBatches } from '../../shared/store/delivery-lists.ts';
import { stages, stageStatuses } from '../../shared/store/states/batch.ts';
import type { Row } from '../../shared/store/tables.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, count, id, inOrder, line, listOf, newestFirst, number, time } from './fields.ts';
import { file, toFile } from './files.ts';
import { fetched, partOf } from './parts.ts';

/** Batches: runs of the interfaces. */

const directions = ['inbound', 'outbound'] as const;

const fields = {
  id,
  type: z.string().describe('The interface.'),
  version: z.number(),
  category: z.string(),
  direction: z.enum(directions),
  provider: z.string().nullable(),
  stage: z.enum(stages),
  status: z.enum(stageStatuses),
  records: count,
  externalFileName: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
};

export const batch = answer('Batch', fields);

export const toBatch = (row: Batch): z.input<typeof batch> => ({
  id: row.id,
  type: row.type,
  version: row.version,
  category: row.category,
  direction: row.direction,
  provider: row.provider_id,
  stage: row.stage,
  status: row.status,
  records: row.record_count,
  externalFileName: row.external_file_name,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const stage = answer('BatchStage', {
  at: time,
  stage: z.enum(stages),
  status: z.enum(stageStatuses),
  by: z.string(),
  note: z.string().nullable(),
});

const toStage = (row: Row<'batch_stage'>): z.input<typeof stage> => ({
  at: row.at,
  stage: row.stage,
  status: row.status,
  by: row.actor,
  note: row.note,
});

const wholeBatch = answer('BatchWithHistory', {
  ...fields,
  history: z.array(stage).describe('Its stages, oldest first.'),
  files: z.array(file).describe('What it was loaded from, or went out as.'),
});

const item = answer('BatchItem', {
  sequence: id,
  customerReference: z.string(),
  description: z.string(),
  status: z.enum(['Open', 'Complete', 'Error']),
  error: z.string().nullable(),
});

const toItem = (row: BatchItem): z.input<typeof item> => ({
  sequence: row.sequence,
  customerReference: row.customer_reference,
  description: row.description,
  status: row.status,
  error: row.error,
});

const params = { batch: number.describe('Number of the batch.') };

export const batchEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/batches',
    id: 'listBatches',
    role: 'viewer',
    summary: 'Batches, newest first',
    query: {
      ...newestFirst,
      type: line().optional().describe('Only batches of this interface.'),
      direction: z.enum(directions).optional(),
      status: z.enum(stageStatuses).optional(),
    },
    response: listOf('BatchList', batch),
    run: async ({ db }, asked) => {
      const found = await listBatches(db, { ...fetched(asked.query), order: 'newest' });
      return partOf(asked, found, toBatch, (row) => ({ before: row.id }));
    },
  }),
  lookup({
    path: '/batches/:batch',
    id: 'getBatch',
    role: 'viewer',
    summary: 'One batch with its stages and files',
    params,
    response: wholeBatch,
    run: async ({ db }, asked) => {
      const found = await requireBatch(db, asked.params.batch);
      const history = await batchHistory(db, found.id);
      const files = await deliveriesOfBatches(db, [found.id]);
      return { ...toBatch(found), history: history.map(toStage), files: files.map(toFile) };
    },
  }),
  lookup({
    path: '/batches/:batch/items',
    id: 'listBatchItems',
    role: 'viewer',
    summary: 'Items of a batch, by sequence',
    params,
    query: inOrder,
    response: listOf('BatchItemList', item),
    run: async ({ db }, asked) => {
      const { id: found } = await requireBatch(db, asked.params.batch);
      const { after = 0, limit } = fetched(asked.query);
      const items = await itemsAfter(db, found, after, limit);
      return partOf(asked, items, toItem, (row) => ({ after: row.sequence }));
    },
  }),
  change({
    path: '/batches/:batch/reprocess',
    id: 'reprocessBatch',
    role: 'operator',
    summary: 'Set a batch in error back to its last valid stage',
    description: 'It is processed again from there; items that are complete are not done twice.',
    params,
    response: batch,
    run: async ({ db }, operator, asked) => toBatch(await reprocess(db, operator, asked.params.batch)),
  }),
];
