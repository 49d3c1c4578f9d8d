import { openKeyRing } from '../../shared/daemon/keys.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { outboxFolder, spoolFolder } from '../../shared/runtime/paths.ts';
import { checkFolder } from '../../shared/spool/layout.ts';
import { Publisher } from '../../shared/spool/publisher.ts';
import { moveBatch } from '../../shared/store/batches.ts';
import { extractBatches } from './extract-batch.ts';

/** Extract · Device Enrolment · To Generic Format: prepared batches in, sealed generic files out. */
export async function extractor(runtime: Runtime): Promise<Work> {
  const { loaded, db, worker, clock, emit } = runtime;
  const outbox = loaded.config.outboxes.deviceEnrolmentRequest;
  const ring = await openKeyRing(loaded, ['own', ...outbox.encryptTo]);
  await checkFolder(outboxFolder(loaded, 'deviceEnrolmentRequest'));
  const publisher = new Publisher('publish generic requests', {
    spool: spoolFolder(loaded),
    db,
    worker,
    clock,
    emit,
    purposes: ['generic-request'],
    seal: (row) => sealMessage(Buffer.from(row.content ?? ''), ring, outbox, clock.now()),
    onPublished: async (trx, row) => {
      if (row.batch_id === null) return;
      const standing = { stage: 'Extract/Load', status: 'Complete' } as const;
      await moveBatch(trx, row.batch_id, standing, worker.actor, clock.now(), row.name);
    },
  });
  return {
    tasks: [{ name: 'extract batches', step: (stop) => extractBatches(runtime, stop) }, publisher],
    watch: [],
    intervalSeconds: loaded.config.extractor.pollSeconds,
  };
}
