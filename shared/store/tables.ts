import type { Generated, Kysely, Selectable } from 'kysely';

import type { RequestType } from '../generic/device-enrolment-request.ts';
import type { FaultCode } from '../runtime/fault-codes.ts';
import type { Direction, Stage, StageStatus } from './states/batch.ts';
import type { DeliveryState } from './states/delivery.ts';
import type { DeviceRole, DeviceStatus } from './states/device.ts';
import type { NoticeChannel, NoticeState, ProbeState } from './states/probe.ts';
import type { ProviderOutcome, ProviderRequestState } from './states/provider-request.ts';
import type { Role } from './states/role.ts';

/**
 * The tables. Times are ISO 8601 texts in UTC with milliseconds (they sort as they read); ids of devices and numbers of
 * orders are texts, because a number would lose leading zeros; JSON stands in text columns that end in `_json`.
 */

/** A process of ours: who holds a file, a batch or a run, and whether it still lives. */
export interface WorkerTable {
  id: Generated<number>;
  daemon: string;
  host: string;
  pid: number;
  /** Start time of the process as the kernel tells it: a reused pid is not mistaken for the old process. */
  pid_start: string;
  started_at: string;
  /** Progress of its loop, for people and probes. */
  heartbeat_at: string;
  /** When it ended, or was found dead: from then on it holds nothing. */
  stopped_at: string | null;
  /** Of the configuration that it was started with. */
  config_digest: string | null;
  /** By the clock of the store: until then other hosts count it among the living. */
  leased_until: string | null;
}

export interface SalesOrderTable {
  id: string;
  status: 'New' | 'Awaiting Generation' | 'Awaiting Dispatch' | 'Complete' | 'Error' | 'Cancelled';
  customer: string | null;
  order_date: string;
  purchase_order_number: string | null;
  /** 1 when the customer asked for device enrolment. */
  enrolment_required: number;
  /** What an operator wants done with the whole order; the request job sends it. */
  pending_action: 'VOID' | 'OVERRIDE' | null;
  created_at: string;
  updated_at: string;
}

/** The customer's organisation id at each provider. */
export interface SalesOrderOrganisationTable {
  order_id: string;
  provider_id: string;
  organisation_id: string;
}

export interface SalesOrderLineTable {
  order_id: string;
  line_number: number;
  product: string | null;
  quantity: number;
  /** Who enrols the devices of this line; null: devices that need no enrolment. */
  provider_id: string | null;
}

export interface DispatchTable {
  id: Generated<number>;
  order_id: string;
  delivery_number: string;
  warehouse_id: string;
  dispatched_at: string;
  batch_id: number;
}

export interface DeviceTable {
  id: Generated<number>;
  device_id: string;
  order_id: string;
  line_number: number;
  dispatch_id: number;
  provider_id: string | null;
  serial_number: string | null;
  imei: string | null;
  imei2: string | null;
  meid: string | null;
  manufacturer: string | null;
  model: string | null;
  asset_tag: string | null;
  product_id: string | null;
  hardware_hash: string | null;
  status: DeviceStatus;
  created_at: string;
  updated_at: string;
}

/** Every change of a device's status, in order. */
export interface DeviceHistoryTable {
  id: Generated<number>;
  device: number;
  at: string;
  status: DeviceStatus;
  actor: string;
  note: string | null;
  batch_id: number | null;
}

export interface BatchTable {
  id: Generated<number>;
  direction: Direction;
  category: string;
  type: string;
  version: number;
  provider_id: string | null;
  stage: Stage;
  status: StageStatus;
  record_count: number;
  external_file_name: string | null;
  /** Of a received document: all but its records. */
  header_json: string | null;
  created_at: string;
  updated_at: string;
}

export interface BatchItemTable {
  batch_id: number;
  sequence: number;
  customer_reference: string;
  description: string;
  payload_json: string;
  status: 'Open' | 'Complete' | 'Error';
  error: string | null;
}

export interface BatchStageTable {
  id: Generated<number>;
  batch_id: number;
  stage: Stage;
  status: StageStatus;
  at: string;
  actor: string;
  note: string | null;
}

/** What CMP asked a provider to do for one order, and for which devices. */
export interface EnrolmentRequestTable {
  id: Generated<number>;
  batch_id: number;
  order_id: string;
  provider_id: string;
  request_type: RequestType;
  created_at: string;
  answered_at: string | null;
}

export interface EnrolmentRequestDeviceTable {
  request_id: number;
  device: number;
  role: DeviceRole;
  outcome: 'open' | 'succeeded' | 'failed';
  errors_json: string | null;
}

/** The ledger of files, received (`in`) and produced (`out`). See states/delivery.ts. */
export interface DeliveryTable {
  id: Generated<number>;
  direction: 'in' | 'out';
  /** Name of the inbox, or the folder published into. */
  folder: string;
  name: string;
  state: DeliveryState;
  /** Attempts that were started. */
  attempts: number;
  /** Attempts that ended with the process. */
  crashes: number;
  /** As the host saw it that claimed the file: other hosts have other numbers for the same file server. */
  dev: string | null;
  inode: string | null;
  size: number | null;
  mtime_ns: string | null;
  /** SHA-256 of the bytes as they lie on disk, hex. */
  digest: string | null;
  /** What makes it a duplicate of another: the digest, with the name where the inbox says so. */
  identity: string | null;
  /** Where the file lies, relative to the spool; null before it is ours, or when it was lost. Of a produced file that is
   * not out yet: where its draft lies. */
  place: string | null;
  fault_code: FaultCode | null;
  detail: string | null;
  next_try_at: string | null;
  worker_id: number | null;
  batch_id: number | null;
  provider_request_id: number | null;
  /** Produced files only: what the publisher does when the file is out. */
  purpose: DeliveryPurpose | null;
  /** Produced files only: the document, until it is published. */
  content: string | null;
  seen_at: string;
  settled_at: string | null;
  /** When the file lay in its last folder. A settled row without it is unfinished business of recovery. */
  moved_at: string | null;
  /** Received files only: the marker or manifest that came with the file, a `Companion`. */
  companion_json: string | null;
  /** 1 when an operator wants the file loaded although it is a duplicate. */
  reload: number | null;
  /** When retention decided to remove the file; from then on it counts as gone, and the row stays. */
  removed_at: string | null;
  /** The run of retention that removed it. */
  removed_by: number | null;
  /** What the file's inode and time of change were then: a newer file at its place is not taken for it. */
  removed_mark: string | null;
}

export type DeliveryPurpose = 'generic-request' | 'generic-response' | 'provider-request' | 'provider-query';

export interface JobRunTable {
  id: Generated<number>;
  job: string;
  cause: 'schedule' | 'batch' | 'operator';
  state: 'running' | 'complete' | 'error' | 'interrupted';
  worker_id: number;
  started_at: string;
  finished_at: string | null;
  result_json: string | null;
  fault_code: FaultCode | null;
  detail: string | null;
  /** Records that are done so far, and of how many, where that is known. */
  progress_done: number | null;
  progress_total: number | null;
  progress_at: string | null;
}

/** A batch that a run made, worked off, or set back to its last valid stage. */
export interface JobRunBatchTable {
  run_id: number;
  batch_id: number;
  what: 'made' | 'worked off' | 'set back';
}

/** What people set for a job while the system runs; what is null follows the configuration. */
export interface JobSettingTable {
  job: string;
  /** 1: by schedule and trigger; 0: only when somebody asks. */
  enabled: number | null;
  priority: number | null;
  /** A `Schedule` of shared/schedule. */
  schedule_json: string | null;
  updated_at: string;
  updated_by: string;
}

/** Up to which time the due times of a schedule are recorded. */
export interface JobClockTable {
  job: string;
  /** The schedule that was looked at: another one has no past. */
  schedule_json: string;
  considered_until: string;
}

/** A time at which a job was due by its schedule; each is recorded once, whoever sees it. */
export interface JobTickTable {
  id: Generated<number>;
  job: string;
  due_at: string;
  /** `due` until a run takes it. */
  state: 'due' | 'run' | 'missed';
  /** 1: nobody looked at the schedule at that time. */
  late: number;
  /** Why it was missed. */
  reason: string | null;
  run_id: number | null;
  recorded_at: string;
}

/** A job that somebody wants run now. */
export interface JobWishTable {
  job: string;
  who: string;
  wished_at: string;
}

/** An inbox, or the extractor, that takes in nothing new until somebody resumes it. */
export interface IntakePauseTable {
  intake: string;
  who: string;
  reason: string;
  since: string;
}

/** A request that somebody wants settled by what was seen at the provider; the adaptor does it. */
export interface SettlementWishTable {
  request_id: number;
  /** 1: the provider has done it. */
  done: number;
  who: string;
  reason: string;
  wished_at: string;
}

export interface WorkflowEventTable {
  id: Generated<number>;
  event_type: string;
  event_code: string;
  reference_number: string;
  notes: string;
  batch_id: number | null;
  created_at: string;
}

export interface ModulePropertyTable {
  name: string;
  value: string;
  updated_at: string;
  updated_by: string;
}

export interface ProviderRequestTable {
  id: Generated<number>;
  provider_id: string;
  batch_id: number;
  transaction_id: string;
  provider_transaction_id: string | null;
  state: ProviderRequestState;
  /** 1: a step before the request that counts, of which nobody is told. */
  preparatory: Generated<number>;
  /** How often it was sent. */
  attempts: Generated<number>;
  /** While `queued`: not before this; null: its file is on its way to the outbound folder. */
  release_at: string | null;
  queries: number;
  /** How often in a row the provider said that it knows nothing of it. */
  not_found: Generated<number>;
  /** The request that was too large, as it was at first, of which this is a part. */
  replaces_id: number | null;
  next_query_at: string | null;
  last_error: string | null;
  created_at: string;
  sent_at: string | null;
  accepted_at: string | null;
  finished_at: string | null;
}

/** Apart from its request, since it may be as large as a file. */
export interface ProviderRequestMessageTable {
  request_id: number;
  /** As it is sent, whatever the transport. */
  message_json: string;
}

export interface ProviderRequestOrderTable {
  request_id: number;
  order_id: number;
  order_number: string;
  request_type: RequestType;
  outcome: ProviderOutcome;
}

export interface ProviderRequestDeviceTable {
  request_id: number;
  order_id: number;
  device_id: string;
  provider_device_id: string;
  /** The provider's own number of the device, where it gave one. */
  provider_record_id: string | null;
  outcome: ProviderOutcome;
  errors_json: string | null;
}

/** One call of a provider over HTTPS: what we sent, and what came back. */
export interface ProviderExchangeTable {
  id: Generated<number>;
  request_id: number;
  provider_id: string;
  question: 'request' | 'query' | 'reconciliation';
  worker_id: number;
  message_json: string;
  started_at: string;
  ended_at: string | null;
  http_status: number | null;
  answer: string | null;
  /** `base64` for what is no UTF-8. */
  answer_encoding: 'utf8' | 'base64' | null;
  fault_code: FaultCode | null;
  detail: string | null;
}

/** A provider that failed of late, and until when it is left alone. */
export interface ProviderRestTable {
  provider_id: string;
  /** Failures in a row. */
  failures: number;
  /** Rests in a row: each is longer than the one before. */
  rests: number;
  rests_until: string | null;
  fault_code: FaultCode | null;
  detail: string | null;
  changed_at: string;
}

export interface AuditTable {
  id: Generated<number>;
  at: string;
  who: string;
  action: string;
  subject: string;
  reason: string | null;
  before_json: string | null;
  after_json: string | null;
}

/** Somebody who may sign in at the console. */
export interface ConsoleUserTable {
  id: Generated<number>;
  name: string;
  role: Role;
  /** Argon2id, with its parameters and salt. */
  password_hash: string;
  /** 1: the password was made by an administrator, and has to be changed first of all. */
  one_time: number;
  disabled_at: string | null;
  created_at: string;
  updated_at: string;
  signed_in_at: string | null;
}

export interface ConsoleSessionTable {
  /** SHA-256 of the token that the browser has, hex: whoever reads the store cannot use it. */
  digest: string;
  user_id: number;
  csrf: string;
  /** What the next page says about the last action. */
  notice: string | null;
  created_at: string;
  seen_at: string;
}

/** An attempt to sign in: entered before the password is looked at, removed when it was the right one. */
export interface SignInFailureTable {
  id: Generated<number>;
  user_id: number;
  at: string;
}

/** What a program shows when it uses the HTTP API. */
export interface ApiTokenTable {
  id: Generated<number>;
  name: string;
  /** SHA-256 of the token, hex: whoever reads the store cannot use it. */
  digest: string;
  role: Role;
  created_at: string;
  created_by: string;
  expires_at: string;
  /** To the minute. */
  last_used_at: string | null;
  revoked_at: string | null;
}

/** The last time that all probes were evaluated; one row. */
export interface ProbeRoundTable {
  id: number;
  at: string;
}

/** How a probe stands. A state counts when it was seen twice in a row. */
export interface ProbeStateTable {
  probe: string;
  /** Null until one counts. */
  state: ProbeState | null;
  since: string | null;
  /** Seen once, and another than `state`. */
  next_state: ProbeState | null;
  next_since: string | null;
}

/** A probe that has changed its state, and what it said then. */
export interface ProbeChangeTable {
  id: Generated<number>;
  probe: string;
  at: string;
  /** Null: it was looked at for the first time. */
  before: ProbeState | null;
  after: ProbeState;
  value: number | null;
  unit: string;
  sentence: string;
  link: string;
}

/** A notice about changes of probes: a row before it is sent. */
export interface NoticeTable {
  id: Generated<number>;
  /** By which whoever gets it knows it again. */
  uid: string;
  channel: NoticeChannel;
  state: NoticeState;
  /** The changes that it tells of, from the first to the last; null: it is a test. */
  first_change: number | null;
  last_change: number | null;
  attempts: number;
  next_try_at: string | null;
  created_at: string;
  settled_at: string | null;
  fault_code: FaultCode | null;
  detail: string | null;
}

/** Counts that triggers keep in step with the rows: a page never counts a table. */
export interface DeviceCountTable {
  status: DeviceStatus;
  devices: number;
}

/** How often a device took a status, per hour (`2026-05-06T12`, UTC). */
export interface DeviceMoveCountTable {
  hour: string;
  status: DeviceStatus;
  moves: number;
}

export interface FileCountTable {
  direction: 'in' | 'out';
  folder: string;
  state: DeliveryState;
  files: number;
}

/** Received files by the hour in which they were settled. */
export interface SettledFileCountTable {
  hour: string;
  state: DeliveryState;
  files: number;
}

export interface BatchCountTable {
  direction: Direction;
  category: string;
  type: string;
  batches: number;
  records: number;
  in_error: number;
  last_id: number;
}

/** A run of retention: what it would remove (dry run), or removed. */
export interface RetentionRunTable {
  id: Generated<number>;
  job_run_id: number;
  kind: 'dry run' | 'run';
  /** 1: a person started it. */
  by_hand: number;
  /** The settings that it went by. */
  settings_json: string;
  started_at: string;
  finished_at: string | null;
  files: number;
  bytes: number;
  report_json: string | null;
}

export interface Tables {
  worker: WorkerTable;
  sales_order: SalesOrderTable;
  sales_order_organisation: SalesOrderOrganisationTable;
  sales_order_line: SalesOrderLineTable;
  dispatch: DispatchTable;
  device: DeviceTable;
  device_history: DeviceHistoryTable;
  batch: BatchTable;
  batch_item: BatchItemTable;
  batch_stage: BatchStageTable;
  enrolment_request: EnrolmentRequestTable;
  enrolment_request_device: EnrolmentRequestDeviceTable;
  delivery: DeliveryTable;
  job_run: JobRunTable;
  job_wish: JobWishTable;
  job_setting: JobSettingTable;
  job_clock: JobClockTable;
  job_tick: JobTickTable;
  job_run_batch: JobRunBatchTable;
  intake_pause: IntakePauseTable;
  settlement_wish: SettlementWishTable;
  workflow_event: WorkflowEventTable;
  module_property: ModulePropertyTable;
  provider_request: ProviderRequestTable;
  provider_request_message: ProviderRequestMessageTable;
  provider_request_order: ProviderRequestOrderTable;
  provider_request_device: ProviderRequestDeviceTable;
  provider_exchange: ProviderExchangeTable;
  provider_rest: ProviderRestTable;
  audit: AuditTable;
  console_user: ConsoleUserTable;
  console_session: ConsoleSessionTable;
  sign_in_failure: SignInFailureTable;
  api_token: ApiTokenTable;
  probe_round: ProbeRoundTable;
  probe_state: ProbeStateTable;
  probe_change: ProbeChangeTable;
  notice: NoticeTable;
  device_count: DeviceCountTable;
  device_move_count: DeviceMoveCountTable;
  file_count: FileCountTable;
  settled_file_count: SettledFileCountTable;
  batch_count: BatchCountTable;
  retention_run: RetentionRunTable;
}

/** The store, or a transaction in it: every function of an aggregate takes either as its first argument. */
export type Db = Kysely<Tables>;

export type Row<Name extends keyof Tables> = Selectable<Tables[Name]>;
