import { openFile } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { readDocument, type GenericDocument } from '../../shared/generic/document.ts';
import type { GenericInterface } from '../../shared/generic/generic-interface.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import type { Decision, ReceivedFile } from '../../shared/spool/inbox-worker.ts';
import { createBatch, moveBatch, type NewBatch } from '../../shared/store/batches.ts';

export interface LoadPolicy {
  readonly policy: InboxConfig;
  readonly ring: KeyRing;
  readonly interfaces: readonly GenericInterface<never>[];
}

/**
 * The way of one generic file: open (decrypt, integrity, signature), read (schema and rules), and then one transaction
 * that creates the batch whole and settles the file. The batch stands at Extract/Load · Complete afterwards, which
 * triggers its job.
 *
 * @throws Fault: PGP_…, NOT_ENCRYPTED, or of the document (SCHEMA_VIOLATION, COUNT_MISMATCH, ...)
 */
export async function loadFile(
  runtime: Runtime,
  file: ReceivedFile,
  { policy, ring, interfaces }: LoadPolicy,
): Promise<Decision> {
  const content = await openFile(runtime, file, policy, ring);
  const { clock, worker } = runtime;
  const batch = toBatch(readDocument(content, interfaces));
  return {
    summary: `${batch.type}, ${batch.items.length} record(s)`,
    commit: async (trx) => {
      const now = clock.now();
      const { id } = await createBatch(trx, batch, worker.actor, now);
      await moveBatch(trx, id, { stage: 'Extract/Load', status: 'Complete' }, worker.actor, now, file.name);
      return id;
    },
  };
}

function toBatch({ interface: known, document }: GenericDocument): NewBatch {
  const { externalFileName } = document as { externalFileName?: string };
  return {
    direction: 'inbound',
    category: known.category,
    type: known.type,
    version: known.version,
    providerId: known.providerId(document) ?? null,
    externalFileName: externalFileName ?? null,
    standing: { stage: 'Extract/Load', status: 'In progress' },
    items: known.records(document),
  };
}
