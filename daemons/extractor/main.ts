import { KeysInUse } from '../../shared/daemon/keys-in-use.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import { extractorIntake, outboxFolder, spoolFolder } from '../../shared/runtime/paths.ts';
import type { Task } from '../../shared/runtime/task-loop.ts';
import { IntakeGate } from '../../shared/spool/intake-gate.ts';
import { checkFolder } from '../../shared/spool/layout.ts';
import { Publisher } from '../../shared/spool/publisher.ts';
import { moveBatches } from '../../shared/store/batches.ts';
import { extractBatches, finishing } from './extract-batch.ts';

/** Extract · Device Enrolment · To Generic Format: prepared batches in, sealed generic files out. */
export async function extractor(runtime: Runtime): Promise<Work> {
  const { loaded, db, worker, lease, clock, emit } = runtime;
  const outbox = loaded.config.outboxes.deviceEnrolmentRequest;
  const keys = await KeysInUse.open(runtime, ['own', ...outbox.encryptTo]);
  await checkFolder(outboxFolder(loaded, 'deviceEnrolmentRequest'));
  const publisher = new Publisher('publish generic requests', {
    spool: spoolFolder(loaded),
    db,
    worker,
    lease,
    clock,
    emit,
    purposes: ['generic-request'],
    seal: (row) => keys.pgp.seal(Buffer.from(row.content ?? ''), outbox, clock.now()),
    onPublished: (trx, rows) => {
      const files = new Map(rows.flatMap((row) => (row.batch_id === null ? [] : [[row.batch_id, row.name]])));
      const note = (id: number) => files.get(id) ?? null;
      return moveBatches(trx, [...files.keys()], finishing, { actor: worker.actor, now: clock.now(), note });
    },
  });
  return {
    tasks: [keys.task, extraction(runtime)],
    beside: [publisher],
    watch: [],
    intervalSeconds: loaded.config.extractor.pollSeconds,
    finish: () => keys.pgp.close(),
  };
}

/** Prepared batches become documents, unless somebody has paused that; what was queued before is published all the same. */
function extraction(runtime: Runtime): Task {
  const gate = new IntakeGate({ ...runtime, name: extractorIntake });
  const nothing = { worked: 0, refused: 0, waiting: 0 };
  return {
    name: 'extract batches',
    step: async (stop) => ((await gate.isOpen()) ? extractBatches(runtime, stop) : nothing),
  };
}
