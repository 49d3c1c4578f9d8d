import { watchDisk } from './disk/calls.ts';
import { FailingDisk, type Failure } from './disk/failing.ts';

/** Loaded into a real daemon before its own code (node --import): its spool lies on a disk that fails. */
export interface FailingSpool {
  readonly spool: string;
  readonly failure: Failure;
}

const { spool, failure } = JSON.parse(process.env.FAILING_SPOOL ?? '') as FailingSpool;
watchDisk(spool, new FailingDisk(failure).layer);
