import { openFile, type Keys } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { DocumentReader, type DocumentHeader } from '../../shared/generic/document.ts';
import type { GenericInterface, GenericRecord } from '../../shared/generic/generic-interface.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import type { Decision } from '../../shared/spool/file-work.ts';
import type { Content, ReceivedFile } from '../../shared/spool/received-file.ts';
import {
  addItems,
  completeBatch,
  createBatch,
  moveBatch,
  openBatch,
  type Batch,
} from '../../shared/store/batches.ts';
import type { Db } from '../../shared/store/tables.ts';

export interface LoadPolicy {
  readonly policy: InboxConfig;
  readonly keys: Keys;
  /** What this inbox takes. */
  readonly known: GenericInterface;
}

/** The way of a batch through the loader: both are in its history. */
const loading = { stage: 'Extract/Load', status: 'In progress' } as const;
const loaded = { stage: 'Extract/Load', status: 'Complete' } as const;

/**
 * What is written at once of a large file, in bytes of the document: its records are in memory until then. A record may
 * be as long as many of these.
 */
const portionBytes = 256 * 1024;

/**
 * The way of one generic file: open (decrypt, integrity, signature), read (schema and rules), and one transaction that
 * creates the batch whole and settles the file. The batch stands at Extract/Load · Complete afterwards, which triggers
 * its job.
 *
 * A small file is read before the transaction begins, so that a bad one costs no lock; a large one within it, portion by
 * portion, so that no more than a few records are in memory.
 *
 * @throws Fault: PGP_…, NOT_ENCRYPTED, or of the document (SCHEMA_VIOLATION, COUNT_MISMATCH, ...)
 */
export async function loadFile(
  runtime: Runtime,
  file: ReceivedFile,
  { policy, keys, known }: LoadPolicy,
): Promise<Decision> {
  const content = await openFile(runtime, file, policy, keys);
  const outcome = (batchId: number, records: number) => ({
    batchId,
    records,
    summary: `${known.type}, ${records} record(s)`,
  });
  if (!content.inMemory) {
    return async (trx) => {
      const { id, records } = await loadInPortions(runtime, trx, content, known, file.name);
      return outcome(id, records);
    };
  }
  const { header, records } = await readWhole(content, known);
  return async (trx) => {
    const { id } = await loadWhole(runtime, trx, { header, records }, known, file.name);
    return outcome(id, records.length);
  };
}

interface WholeDocument {
  readonly header: DocumentHeader;
  readonly records: readonly GenericRecord[];
}

async function loadWhole(
  { clock, worker }: Runtime,
  trx: Db,
  { header, records }: WholeDocument,
  known: GenericInterface,
  note: string,
): Promise<Batch> {
  const way = { from: loading, standing: loaded, note };
  const batch = { ...startOf(known), ...way, ...toBatchHeader(header), items: records };
  const created = await createBatch(trx, batch, worker.actor, clock.now());
  failPoint('load.portion-written');
  return created;
}

async function loadInPortions(
  { clock, worker }: Runtime,
  trx: Db,
  content: Content,
  known: GenericInterface,
  note: string,
): Promise<{ id: number; records: number }> {
  const start = { ...startOf(known), standing: loading };
  const { id } = await openBatch(trx, start, worker.actor, clock.now());
  let records = 0;
  const header = await read(content, known, async (portion) => {
    await addItems(trx, id, records, portion);
    records += portion.length;
    failPoint('load.portion-written');
  });
  await completeBatch(trx, id, toBatchHeader(header), records);
  await moveBatch(trx, id, loaded, worker.actor, clock.now(), note);
  return { id, records };
}

async function readWhole(content: Content, known: GenericInterface): Promise<WholeDocument> {
  const records: GenericRecord[] = [];
  const header = await read(content, known, (portion) => {
    for (const record of portion) records.push(record);
  });
  return { header, records };
}

/** Reads a document to its end, and gives out its records in portions; none of them is empty. */
async function read(
  content: Content,
  known: GenericInterface,
  take: (portion: readonly GenericRecord[]) => Promise<void> | void,
): Promise<DocumentHeader> {
  const reader = new DocumentReader(known);
  let portion: GenericRecord[] = [];
  let bytes = 0;
  const takePortion = async () => {
    if (portion.length > 0) await take(portion);
    portion = [];
    bytes = 0;
  };
  for await (const piece of content.pieces()) {
    for (const record of reader.read(piece)) portion.push(record);
    bytes += piece.length;
    if (bytes >= portionBytes) await takePortion();
  }
  await takePortion();
  return reader.end();
}

const startOf = ({ category, type, version }: GenericInterface) =>
  ({ direction: 'inbound', category, type, version }) as const;

const toBatchHeader = ({ header, providerId, externalFileName }: DocumentHeader) => ({
  providerId: providerId ?? null,
  externalFileName: externalFileName ?? null,
  header,
});
