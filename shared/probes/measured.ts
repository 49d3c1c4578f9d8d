import type { Room } from '../daemon/room.ts';
import type { KeyInfo } from '../pgp/list-keys.ts';
import type { IntakePause } from '../store/intake-pauses.ts';
import type { JobRun } from '../store/job-runs.ts';
import type { ProviderRest } from '../store/provider-exchanges.ts';
import type { LocalDay } from './day-rules.ts';
import type { Measurement } from './probe.ts';
import type { OpenRequest } from './request-rules.ts';

/** Everything that is looked at, before anybody has judged it. */
export interface Measured {
  /** Processes that have to run, and how many of each do. */
  readonly daemons: readonly { readonly name: string; readonly processes: number }[];
  readonly inboxes: readonly {
    readonly name: string;
    /** Of the oldest file in in/; 0: there is none. */
    readonly oldestMinutes: Measurement<number>;
    /** Files that are in these states. */
    readonly held: number;
    readonly deferred: number;
  }[];
  /** Files rejected in the last 24 hours: the older ones are old news. */
  readonly rejected: number;
  readonly today: LocalDay;
  /** Inboxes that get a file every day, and when the last one came. */
  readonly dailyFiles: readonly { readonly inbox: string; readonly last: string | null }[];
  /** Of each provider: when the oldest request was sent that has no final answer; null: none is open. */
  readonly oldestSent: readonly { readonly provider: string; readonly sentAt: string | null }[];
  readonly openRequests: readonly OpenRequest[];
  readonly rests: readonly Pick<ProviderRest, 'provider_id' | 'rests' | 'fault_code'>[];
  readonly batchesInError: number;
  readonly jobs: readonly { readonly job: string; readonly state: JobRun['state'] | undefined }[];
  readonly rooms: Measurement<readonly Room[]>;
  readonly keys: Measurement<readonly KeyInfo[]>;
  /** Our certificates, by the setting that names them, and when they end. */
  readonly certificates: readonly { readonly setting: string; readonly ends: Measurement<Date> }[];
  readonly pauses: readonly IntakePause[];
  /** Notices given up in the last 24 hours. */
  readonly failedNotices: number;
}
