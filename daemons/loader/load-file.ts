import { openFile } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { DocumentReader, type DocumentHeader } from '../../shared/generic/document.ts';
import type { GenericInterface, GenericRecord } from '../../shared/generic/generic-interface.ts';
import type { PgpThreads } from '../../shared/pgp/threads.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import type { Decision } from '../../shared/spool/file-work.ts';
import type { Content, ReceivedFile } from '../../shared/spool/received-file.ts';
import { addItems, completeBatch, moveBatch, openBatch } from '../../shared/store/batches.ts';

export interface LoadPolicy {
  readonly policy: InboxConfig;
  readonly pgp: PgpThreads;
  /** What this inbox takes. */
  readonly known: GenericInterface;
}

/**
 * The way of one generic file: open (decrypt, integrity, signature), read (schema and rules), and one transaction that
 * creates the batch whole and settles the file. The batch stands at Extract/Load · Complete afterwards, which triggers
 * its job.
 *
 * A small file is read before the transaction begins, so that a bad one costs no lock; a large one within it, record by
 * record, so that no more than a few records are in memory.
 *
 * @throws Fault: PGP_…, NOT_ENCRYPTED, or of the document (SCHEMA_VIOLATION, COUNT_MISMATCH, ...)
 */
export async function loadFile(
  runtime: Runtime,
  file: ReceivedFile,
  { policy, pgp, known }: LoadPolicy,
): Promise<Decision> {
  const content = await openFile(runtime, file, policy, pgp);
  const { clock, worker } = runtime;
  const small = content.inMemory ? await readWhole(content, known) : undefined;
  return async (trx) => {
    const { category, type, version } = known;
    const standing = { stage: 'Extract/Load', status: 'In progress' } as const;
    const batch = { direction: 'inbound', category, type, version, standing } as const;
    const { id } = await openBatch(trx, batch, worker.actor, clock.now());
    let records = 0;
    const add = async (portion: readonly GenericRecord[]) => {
      if (portion.length === 0) return;
      await addItems(trx, id, records, portion);
      records += portion.length;
      failPoint('load.portion-written');
    };
    if (small) await add(small.records);
    const header = small ? small.header : await read(content, known, add);
    await completeBatch(trx, id, toBatchHeader(header), records);
    const loaded = { stage: 'Extract/Load', status: 'Complete' } as const;
    await moveBatch(trx, id, loaded, worker.actor, clock.now(), file.name);
    return { batchId: id, records, summary: `${type}, ${records} record(s)` };
  };
}

async function readWhole(
  content: Content,
  known: GenericInterface,
): Promise<{ header: DocumentHeader; records: readonly GenericRecord[] }> {
  const records: GenericRecord[] = [];
  const header = await read(content, known, (portion) => {
    for (const record of portion) records.push(record);
  });
  return { header, records };
}

async function read(
  content: Content,
  known: GenericInterface,
  take: (portion: readonly GenericRecord[]) => Promise<void> | void,
): Promise<DocumentHeader> {
  const reader = new DocumentReader(known);
  for await (const piece of content.pieces()) await take(reader.read(piece));
  return reader.end();
}

const toBatchHeader = ({ header, providerId, externalFileName }: DocumentHeader) => ({
  providerId: providerId ?? null,
  externalFileName: externalFileName ?? null,
  header,
});
