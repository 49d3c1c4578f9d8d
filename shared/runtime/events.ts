import type { FaultClass, FaultCode } from './fault-codes.ts';
import type { Fault } from './faults.ts';

/**
 * What happens is told as named events, each with a level and fields of its own; log and metrics are made from them.
 * One event per file, batch, run or request, never per record. Fields hold names, numbers and fault details: no
 * secret and no decrypted content, so nothing has to be blacked out later.
 */

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** A fault as it is logged. */
export interface FaultFields {
  readonly code: FaultCode;
  readonly class: FaultClass;
  readonly detail: string;
  readonly action: string;
  /** Only of a bug. */
  readonly stack?: string;
}

interface FileFields {
  /** Inbox, or the folder published into. */
  readonly folder: string;
  readonly file: string;
  /** Number in the ledger of files. */
  readonly delivery: number;
}

interface BatchFields {
  readonly batch: number;
  readonly interface: string;
}

interface RunFields {
  readonly job: string;
  readonly run: number;
}

interface CallFields {
  readonly provider: string;
  /** Our id of the request that the call is about. */
  readonly transaction: string;
  readonly question: string;
  /** Number of the exchange, under which it is kept. */
  readonly exchange: number;
}

interface NoticeFields {
  readonly notice: number;
  readonly channel: string;
  readonly attempt: number;
}

/** A row of the table. `fields` is never there: it carries the type. */
interface EventRow<Fields extends object> {
  readonly level: Level;
  readonly fields?: Fields;
}

const error = { level: 'error' } as const;
const warn = { level: 'warn' } as const;
const info = { level: 'info' } as const;

export const events = {
  'file.claimed': info as EventRow<FileFields & { attempt: number }>,
  'file.done': info as EventRow<
    FileFields & { digest: string; summary: string; milliseconds: number; batch?: number }
  >,
  'file.rejected': warn as EventRow<FileFields & FaultFields>,
  'file.held': error as EventRow<FileFields & FaultFields>,
  'file.deferred': warn as EventRow<FileFields & FaultFields & { attempt: number; nextTryAt: string }>,
  'file.recovered': info as EventRow<FileFields & { to: string }>,
  /** Another process has it by now, which took this one for dead: nothing was changed. */
  'file.taken-over': warn as EventRow<FileFields & FaultFields>,
  'file.unclaimed': error as EventRow<Omit<FileFields, 'delivery'> & FaultFields>,
  'file.lost': error as EventRow<FileFields>,
  /** A file without its marker, or a marker without its file, for longer than the inbox allows. */
  'file.unpaired': error as EventRow<Omit<FileFields, 'delivery'> & { lacks: string; seconds: number }>,
  /** The file's time lies ahead of our clock: one of the clocks is wrong. */
  'file.time-ahead': warn as EventRow<Omit<FileFields, 'delivery'> & { seconds: number }>,
  /** Somebody has the file under another name too, and could still write into it. */
  'file.linked': warn as EventRow<FileFields & { otherNames: number }>,
  /** Something of an earlier run, or of nobody, was taken out of tmp/ or a folder that we publish into. */
  'file.orphan': warn as EventRow<Omit<FileFields, 'delivery'> & { became: string }>,
  /** The drop folder under this name is another one than before. */
  'inbox.replaced': warn as EventRow<{ inbox: string }>,
  /** More files lie in the drop folder than are looked at in one scan. */
  'inbox.crowded': warn as EventRow<{ inbox: string; files: number; lookedAtOnce: number }>,
  /** A file server may tell old sizes for longer than the setting says: files are waited for longer. */
  'inbox.on-network': warn as EventRow<{
    inbox: string;
    fileSystem: string;
    quietSeconds: number;
    waitsSeconds: number;
  }>,
  /** Somebody has paused an inbox, or the extractor: nothing new is begun. */
  'intake.paused': warn as EventRow<{ intake: string; by: string; since: string }>,
  'intake.resumed': info as EventRow<{ intake: string }>,
  'file.published': info as EventRow<FileFields & { digest: string; batch?: number }>,
  'task.stopped': error as EventRow<{ task: string; nextTryAt: string } & FaultFields>,
  'task.resumed': info as EventRow<{ task: string }>,
  /** Somebody reads without an end, so that the write-ahead log cannot be brought into the store. */
  'store.wal-large': error as EventRow<{ file: string; megabytes: number; action: string }>,
  /** Lines that a file of the log could not take, from the first of them to the line behind this one. */
  'log.lost': warn as EventRow<{ file: string; lines: number }>,
  'doorbell.failed': warn as EventRow<{ inbox: string; detail: string }>,
  /** The store cannot tell what others have made for this process: it is found by looking, until the connection is back. */
  'doorbell.lost': warn as EventRow<{ detail: string }>,
  /** A call of a provider over HTTPS. */
  'provider.called': info as EventRow<CallFields & { status: number; milliseconds: number }>,
  /** Others have settled the call as lost; what came of it all the same, changes nothing. */
  'provider.call-taken-over': warn as EventRow<CallFields & FaultFields>,
  'provider.failed': warn as EventRow<CallFields & FaultFields>,
  /** What came back is nothing that the provider is known to say; it is kept with the exchange. */
  'provider.answer-unknown': error as EventRow<CallFields & FaultFields>,
  /** The provider says that our access or account is wrong. */
  'provider.denied': error as EventRow<{ provider: string; detail: string }>,
  /** It failed so often, or so plainly, that it is left alone for a while. */
  'provider.rests': error as EventRow<{ provider: string; until: string } & FaultFields>,
  'provider.resumed': info as EventRow<{ provider: string }>,
  /** New files of certificate, key or token cannot be used; the ones before stay in use. */
  'provider.credentials-refused': error as EventRow<{ provider: string } & FaultFields>,
  /** Files are taken over HTTPS from now on. */
  'endpoint.listening': info as EventRow<{ address: string; port: number }>,
  /** A file that somebody posted; `known`: its bytes had come before, and are not taken twice. */
  'endpoint.received': info as EventRow<
    Omit<FileFields, 'delivery'> & { digest: string; size: number; known: boolean; milliseconds: number }
  >,
  'endpoint.refused': warn as EventRow<{ from: string; file?: string; status?: number; detail: string }>,
  /** New files of certificate, key or token cannot be used; the ones before stay in use. */
  'endpoint.credentials-refused': error as EventRow<FaultFields>,
  /** The console can be reached from now on. */
  'console.listening': info as EventRow<{ address: string; port?: number }>,
  /** A renewed certificate is shown from now on; connections that there are go on. */
  'console.certificate-renewed': info as EventRow<{ certificateFile: string }>,
  /** New files of certificate and key cannot be used, or do not belong together yet; the ones before stay in use. */
  'console.credentials-refused': error as EventRow<FaultFields>,
  'console.signed-in': info as EventRow<{ user: string; from: string }>,
  'console.signed-out': info as EventRow<{ user: string; from: string }>,
  /** Without the name when there is no such user: people type their password there. */
  'console.sign-in-refused': warn as EventRow<{ user?: string; from: string; detail: string }>,
  /** Somebody used the HTTP API without a good token; named where it was good once. */
  'console.token-refused': warn as EventRow<{ token?: string; from: string; detail: string }>,
  /** Somebody did what his role does not allow, or a form came from elsewhere. */
  'console.refused': warn as EventRow<
    { user?: string; from: string; method: string; path: string } & FaultFields
  >,
  /** A page or an action could not do what it was asked for. */
  'console.failed': error as EventRow<{ user?: string; method: string; path: string } & FaultFields>,
  /** A probe stands otherwise than before: seen twice in a row. */
  'probe.changed': warn as EventRow<{
    probe: string;
    before: string | null;
    after: string;
    value: number | null;
    unit: string;
    sentence: string;
  }>,
  /** People were told of changes. */
  'notice.sent': info as EventRow<NoticeFields>,
  'notice.deferred': warn as EventRow<NoticeFields & FaultFields & { nextTryAt: string }>,
  /** It was tried as often as is allowed. */
  'notice.failed': error as EventRow<NoticeFields & FaultFields>,
  'daemon.started': info as EventRow<{ pid: number; version: string; home: string }>,
  'daemon.ready': info as EventRow<object>,
  /** The configuration was read again, and is in force; of the settings named, the ones before are until a restart. */
  'config.reloaded': info as EventRow<{ file: string; needRestart: readonly string[] }>,
  /** The one before stays in force. */
  'config.refused': error as EventRow<{ file: string } & FaultFields>,
  /** A round of a task has not come further for so long; the service manager is not told any more that all is well. */
  'daemon.hangs': error as EventRow<{ task: string; seconds: number }>,
  /** The service manager cannot be told how we are. */
  'daemon.notify-failed': warn as EventRow<{ detail: string }>,
  'daemon.stopping': info as EventRow<{ reason: string }>,
  'daemon.stopped': info as EventRow<{ exitCode: number }>,
  'daemon.failed': error as EventRow<FaultFields>,
  'item.failed': error as EventRow<BatchFields & FaultFields & { item: number }>,
  'batch.failed': error as EventRow<BatchFields & FaultFields>,
  'job.started': info as EventRow<RunFields & { cause: string }>,
  'job.finished': info as EventRow<
    RunFields & { milliseconds: number; batches: number; records: number; problems: readonly string[] }
  >,
  'job.failed': error as EventRow<RunFields & FaultFields>,
  /** A job did not run at times of its schedule; `due` is the last of them. */
  'job.missed': warn as EventRow<{ job: string; ticks: number; due: string; detail: string }>,
  /** The clock was set back: what was due meanwhile is not done twice. */
  'scheduler.clock-set-back': warn as EventRow<{ job: string; seconds: number }>,
  'workflow.event': info as EventRow<{ type: string; code: string; reference: string; batch?: number }>,
  /** The sender used a key of ours that is not the current one. */
  'key.retired-used': warn as EventRow<{ file: string; key: string }>,
};

export type EventName = keyof typeof events;
export type EventFields = { [N in EventName]: NonNullable<(typeof events)[N]['fields']> };

/** Tells an event. Never throws and never waits: what becomes of the log is no concern of the work. */
export type Emit = <N extends EventName>(name: N, fields: EventFields[N]) => void;

/** The one way a fault gets into an event. A bug comes with the stack of what was thrown first. */
export function faultFields(fault: Fault): FaultFields {
  const fields = { code: fault.code, class: fault.class, detail: fault.detail, action: fault.action };
  if (fault.class !== 'bug') return fields;
  const { stack } = fault.cause instanceof Error ? fault.cause : fault;
  return stack === undefined ? fields : { ...fields, stack };
}
