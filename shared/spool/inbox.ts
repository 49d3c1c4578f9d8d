import { relative } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import type { Config, InboxConfig } from '../runtime/config-schema.ts';
import type { Emit } from '../runtime/events.ts';
import type { Lease } from '../store/lease.ts';
import type { Db } from '../store/tables.ts';
import type { Worker } from '../store/workers.ts';
import type { InboxFolders } from './layout.ts';

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
  readonly lease: Lease;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** A path as the ledger keeps it. */
export const placeOf = (inbox: Pick<Inbox, 'spool'>, path: string): string => relative(inbox.spool, path);
