/**
 * The places in the crash-safe protocol where a process may die, by name. A test listens, and kills the process, or
 * throws, where it wants to; in the product nobody does. A new step of the protocol gets a point before and after it:
 * the crash matrix (npm run chaos) goes through all of them.
 */
export const failPoints = [
  // A file is claimed: shared/spool/claim.ts.
  'claim.recorded',
  'claim.linked',
  'claim.moved-aside',
  'claim.taken',
  'claim.synced',
  'claim.claimed',
  // A claimed file is worked on: shared/spool/file-work.ts.
  'work.counted',
  'work.read',
  'work.decided',
  'work.written',
  'work.committed',
  'work.refused',
  // The records of a file are written, portion by portion: daemons/loader/load-file.ts.
  'load.portion-written',
  // A settled file is taken to its last folder: shared/spool/settle.ts.
  'settle.linked',
  'settle.unlinked',
  'settle.companion-linked',
  'settle.reason-drafted',
  'settle.reason-written',
  'settle.moved',
  // A queued document is published: shared/spool/publisher.ts.
  'publish.taken',
  'publish.drafted',
  'publish.sealed',
  'publish.linked',
  'publish.unlinked',
  'publish.written',
  'publish.committed',
  // A file that somebody posts is taken in: shared/spool/receive.ts.
  'receive.drafted',
  'receive.linked',
  'receive.synced',
  // A batch becomes a document: daemons/extractor/extract-batch.ts.
  'extract.written',
  'extract.committed',
  // A provider is asked for a result: daemons/adaptor/ask-providers.ts.
  'ask.written',
  'ask.committed',
  // A provider is called over HTTPS: daemons/adaptor/courier.ts.
  'call.recorded',
  'call.answered',
  'call.settled',
  // Files are removed for good: shared/operator/retention.ts.
  'retention.recorded',
  'retention.unlinking',
  'retention.unlinked',
  'retention.finished',
  // A backup is made, and brought back: shared/backup/back-up.ts, restore.ts.
  'backup.copied',
  'backup.written',
  'restore.placed',
  'restore.drafted',
  // A job runs: jobs/run-job.ts, process-batches.ts, device-enrolment-request.ts.
  'job.started',
  'job.batch-taken',
  'job.item-written',
  'job.item-committed',
  'job.batch-settled',
  'job.requests-written',
  'job.worked',
  // The configuration is changed by a program: shared/runtime/config-file.ts.
  'config.drafted',
  'config.replaced',
] as const;

export type FailPoint = (typeof failPoints)[number];

let listener: ((point: FailPoint) => void) | undefined;

/** Sets who is told of every point that is passed. For tests. */
export function onFailPoint(tell: (point: FailPoint) => void): void {
  listener = tell;
}

/** The process comes by this point. */
export const failPoint = (point: FailPoint): void => listener?.(point);
