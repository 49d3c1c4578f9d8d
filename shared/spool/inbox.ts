import { relative } from 'node:path';

import type { Config, InboxConfig } from '../runtime/config-schema.ts';
import type { Emit } from '../runtime/events.ts';
import type { Db } from '../store/tables.ts';
import type { Worker } from '../store/workers.ts';
import type { InboxFolders } from './layout.ts';

/** Where time comes from; passed in, so that tests can set it. */
export interface Clock {
  readonly now: () => Date;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
}

export const systemClock: Clock = { now: () => new Date(), monotonic: () => performance.now() };

/** One inbox, and everything its parts need: intake, claim, work, settle. */
export interface Inbox {
  readonly name: string;
  readonly folders: InboxFolders;
  /** Root of the spool; the ledger's places are relative to it. */
  readonly spool: string;
  readonly settings: InboxConfig;
  readonly retry: Config['retry'];
  readonly db: Db;
  readonly worker: Worker;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** A path as the ledger keeps it. */
export const placeOf = (inbox: Pick<Inbox, 'spool'>, path: string): string => relative(inbox.spool, path);
