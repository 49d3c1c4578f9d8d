import { createBatch } from '../../shared/store/batches.ts';
import type { Decision, FileHandler, ReceivedFile } from '../../shared/spool/inbox-worker.ts';
import type { Db } from '../../shared/store/tables.ts';

/** Loads a file as a batch with one item: the file's text. */
export const loading: FileHandler = (file) => Promise.resolve(loadingOf(file));

export const loadingOf = (file: ReceivedFile): Decision => ({
  summary: 'one record',
  commit: async (trx) => {
    const batch = await createBatch(
      trx,
      {
        direction: 'inbound',
        category: 'Test',
        type: 'Test',
        version: 1,
        providerId: null,
        externalFileName: file.name,
        standing: { stage: 'Extract/Load', status: 'Complete' },
        items: [{ customerReference: file.name, description: '', payload: file.bytes.toString('latin1') }],
      },
      'test',
      new Date(),
    );
    return batch.id;
  },
});

/** The texts that were loaded; sorted. */
export async function loadedTexts(db: Db): Promise<string[]> {
  const items = await db.selectFrom('batch_item').select('payload_json').execute();
  return items.map((item) => JSON.parse(item.payload_json) as string).sort();
}
