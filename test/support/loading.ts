import { createBatch } from '../../shared/store/batches.ts';
import type { Decision, FileHandler } from '../../shared/spool/file-work.ts';
import { wholeOf, type ReceivedFile } from '../../shared/spool/received-file.ts';
import type { Db } from '../../shared/store/tables.ts';

/** Loads a file as a batch with one item: the file's text. */
export const loading: FileHandler = (file) => Promise.resolve(loadingOf(file));

export const textOf = async (file: ReceivedFile): Promise<string> =>
  Buffer.from(await wholeOf(file)).toString('latin1');

export function loadingOf(file: ReceivedFile): Decision {
  return async (trx) => {
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
        items: [{ customerReference: file.name, description: '', payload: await textOf(file) }],
      },
      'test',
      new Date(),
    );
    return { batchId: batch.id, records: 1, summary: 'one record' };
  };
}

/** The texts that were loaded; sorted. */
export async function loadedTexts(db: Db): Promise<string[]> {
  const items = await db.selectFrom('batch_item').select('payload_json').execute();
  return items.map((item) => JSON.parse(item.payload_json) as string).sort();
}
