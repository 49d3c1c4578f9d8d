import type { FieldsOf, ListedField } from './event-fields.ts';
import type { Fault } from './faults.ts';

/**
 * What happens is told as named events, each with a level and fields of its own; log, metrics and docs/events.md are
 * made from them. One event per file, batch, run or request, never per record.
 *
 * People's searches and alarms go by names and fields: they are never renamed, taken away or given another meaning.
 */

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

interface EventRow<F extends ListedField> {
  readonly level: Level;
  readonly fields: readonly F[];
  /** What has happened, for an operator. */
  readonly means: string;
  /** What to do about it; undefined: nothing. */
  readonly todo?: string;
}

type Fields<F extends ListedField> = readonly F[];

const error = <const F extends ListedField>(fields: Fields<F>, means: string, todo: string): EventRow<F> => ({
  level: 'error',
  fields,
  means,
  todo,
});
const warn = <const F extends ListedField>(fields: Fields<F>, means: string, todo: string): EventRow<F> => ({
  level: 'warn',
  fields,
  means,
  todo,
});
const info = <const F extends ListedField>(fields: Fields<F>, means: string): EventRow<F> => ({
  level: 'info',
  fields,
  means,
});

const fault = ['code', 'class', 'detail', 'action', 'stack?'] as const;
const name = ['folder', 'file'] as const;
const file = [...name, 'delivery'] as const;
const batch = ['batch', 'interface'] as const;
const run = ['job', 'run'] as const;
const call = ['provider', 'transaction', 'question', 'exchange'] as const;
const notice = ['notice', 'channel', 'attempt'] as const;

const asTheLineSays = 'What `action` says.';
const nothing = 'Nothing; it mends itself.';
const whoIsThat = 'Nothing, unless it comes often: then find out who is at that address.';
const renewFiles = 'Put files there that belong together: `detail` says what is wrong with these.';

export const events = {
  'file.claimed': info([...file, 'attempt'], 'A file was taken from its inbox, and is worked on now.'),
  'file.done': info(
    [...file, 'digest', 'summary', 'milliseconds', 'batch?'],
    'A file was worked on to its end, and is archived.',
  ),
  'file.rejected': warn(
    [...file, ...fault],
    'A file cannot be accepted. It lies in `rejected/`, with its reason beside it.',
    asTheLineSays,
  ),
  'file.held': error(
    [...file, ...fault],
    'A file was set aside for a decision of an operator; it lies in `hold/`.',
    '`enrol file show N`, then `enrol file release N` or `discard N`.',
  ),
  'file.deferred': warn(
    [...file, ...fault, 'attempt', 'nextTryAt'],
    'A file cannot be worked on yet, and is tried again by itself.',
    'Nothing at first. After `retry.maxAttempts` it is held.',
  ),
  'file.recovered': info(
    [...file, 'to'],
    'A file that a process had in hand when it died was brought to where it belongs.',
  ),
  'file.taken-over': warn(
    [...file, ...fault],
    'Another process has the file, which took this one for dead; this one changed nothing.',
    'Find out why this process was silent for so long: a stopped machine, a slow disk, `store.leaseSeconds` too short.',
  ),
  'file.unclaimed': error(
    [...name, ...fault],
    'A file in a drop folder cannot be taken; it stays there.',
    asTheLineSays,
  ),
  'file.lost': error(
    file,
    'A file that was in hand is gone: it lies in none of the folders of its inbox.',
    'Find out who takes files out of the spool; ask the sender for the file again. `enrol spool check` compares all.',
  ),
  'file.unpaired': error(
    [...name, 'lacks', 'seconds'],
    'A file waits for its marker, or a marker for its file, for longer than `markerSeconds` of the inbox.',
    'Ask the sender for what is missing.',
  ),
  'file.time-ahead': warn(
    [...name, 'seconds'],
    'The time of a file lies ahead of our clock: one of the clocks is wrong.',
    'Set the clock of this host, or of the one that writes the file.',
  ),
  'file.linked': warn(
    [...file, 'otherNames'],
    'Somebody has the file under another name too, and could still write into it.',
    'Find out who links files into the drop folder.',
  ),
  'file.orphan': warn(
    [...name, 'became'],
    'Something of an earlier run, or of nobody, was taken out of `tmp/` or a folder that is published into.',
    'Nothing where it was removed. What was put on hold is to be looked at: `enrol file list --state held`.',
  ),
  'inbox.replaced': warn(
    ['inbox'],
    'The drop folder under this name is another one than before.',
    'Nothing if somebody meant to: a new mount, or a new folder.',
  ),
  'inbox.crowded': warn(
    ['inbox', 'files', 'lookedAtOnce'],
    'More files lie in the drop folder than are looked at in one scan; they have their turn in portions.',
    'Nothing if they become fewer. Otherwise more processes of the daemon are needed.',
  ),
  'inbox.on-network': warn(
    ['inbox', 'fileSystem', 'quietSeconds', 'waitsSeconds'],
    'A file server may tell old sizes for longer than the setting says: files are waited for longer.',
    'Nothing; `quietSeconds` of the inbox set to `waitsSeconds` says the same.',
  ),
  'intake.paused': warn(
    ['intake', 'by', 'since'],
    'Somebody has paused an inbox, or the extractor: nothing new is begun.',
    '`enrol intake resume NAME`, when the reason for it is gone.',
  ),
  'intake.resumed': info(['intake'], 'Intake that was paused goes on.'),
  'file.published': info(
    [...file, 'digest', 'batch?'],
    'A file of ours lies whole and safe in the folder that others take it from.',
  ),
  'task.stopped': error(
    ['task', 'nextTryAt', ...fault],
    'A disk, a folder or the store failed; the task rests, and is tried again by itself.',
    asTheLineSays,
  ),
  'task.resumed': info(['task'], 'A task that had stopped works again.'),
  'store.wal-large': error(
    ['file', 'megabytes', 'action'],
    'Somebody reads without an end, so that the write-ahead log cannot be brought into the store.',
    asTheLineSays,
  ),
  'log.lost': warn(
    ['file', 'lines'],
    'Lines that a file of the log could not take, from the first of them to the line behind this one.',
    'Make room on the disk of the log. stdout may have the lines.',
  ),
  'doorbell.failed': warn(
    ['inbox', 'detail'],
    'The system gives no notices of a folder: files are found by the scan only, after `spool.scanSeconds`.',
    'Nothing for a folder on the network. Otherwise see whether it can be read; many watchers: `fs.inotify.max_user_watches`.',
  ),
  'doorbell.lost': warn(
    ['detail'],
    'The store cannot tell what others have made for this process: it is found by looking, until the connection is back.',
    nothing,
  ),
  'provider.called': info(
    [...call, 'status', 'milliseconds'],
    'A provider was called over HTTPS, and answered.',
  ),
  'provider.call-taken-over': warn(
    [...call, ...fault],
    'Others have settled the call as lost; what came of it all the same, changes nothing.',
    'Find out why this process was silent for so long.',
  ),
  'provider.failed': warn(
    [...call, ...fault],
    'A call of a provider failed; the request is sent or asked about again.',
    'Nothing at first; a provider that goes on failing rests.',
  ),
  'provider.answer-unknown': error(
    [...call, ...fault],
    'What came back is nothing that the provider is known to say; it is kept with the call.',
    '`enrol request show ID`; settle it by what the portal of the provider shows.',
  ),
  'provider.denied': error(
    ['provider', 'detail'],
    'The provider says that our access or account is wrong.',
    'Mend our certificate, token or account as `detail` says.',
  ),
  'provider.rests': error(
    ['provider', 'until', ...fault],
    'A provider failed so often, or so plainly, that it is left alone for a while.',
    asTheLineSays,
  ),
  'provider.resumed': info(['provider'], 'A provider that had been left alone answers again.'),
  'provider.credentials-refused': error(
    ['provider', ...fault],
    'New files of certificate, key or token cannot be used; the ones before stay in use.',
    renewFiles,
  ),
  'endpoint.listening': info(['address', 'port'], 'The loader takes files over HTTPS from now on.'),
  'endpoint.received': info(
    [...name, 'digest', 'size', 'known', 'milliseconds'],
    'A file that somebody posted lies safely in its inbox.',
  ),
  'endpoint.refused': warn(
    ['from', 'file?', 'status?', 'detail'],
    'Something that was posted to the loader was not taken.',
    'Nothing where a sender tries again. Otherwise give him `detail`.',
  ),
  'endpoint.credentials-refused': error(
    fault,
    'New files of certificate, key or token of the loader cannot be used; the ones before stay in use.',
    renewFiles,
  ),
  'console.listening': info(['address', 'port?'], 'The console can be reached from now on.'),
  'console.certificate-renewed': info(
    ['certificateFile'],
    'A renewed certificate is shown from now on; connections that there are go on.',
  ),
  'console.credentials-refused': error(
    fault,
    'New files of certificate and key cannot be used, or do not belong together yet; the ones before stay in use.',
    renewFiles,
  ),
  'console.signed-in': info(['user', 'from'], 'Somebody has signed in to the console.'),
  'console.signed-out': info(['user', 'from'], 'Somebody has signed out of the console.'),
  'console.sign-in-refused': warn(
    ['user?', 'from', 'detail'],
    'Somebody was not let in to the console. Without a name there is no such user: people type their password there.',
    whoIsThat,
  ),
  'console.token-refused': warn(
    ['token?', 'from', 'detail'],
    'Somebody used the HTTP API without a good token; named where it was good once.',
    'Give the program a new token: `enrol token`. Nobody of ours: find out who is at that address.',
  ),
  'console.refused': warn(
    ['user?', 'from', 'method', 'path', ...fault],
    'Somebody did what his role does not allow, or a form came from elsewhere.',
    whoIsThat,
  ),
  'console.failed': error(
    ['user?', 'method', 'path', ...fault],
    'A page or an action of the console could not do what it was asked for.',
    asTheLineSays,
  ),
  'probe.changed': warn(
    ['probe', 'before', 'after', 'value', 'unit', 'sentence'],
    'A probe stands otherwise than before; seen twice in a row. Better is told like worse.',
    'Where `after` is red: [what the probe looks at](probes.md).',
  ),
  'metrics.listening': info(
    ['address', 'port?'],
    'Prometheus can ask the process for its metrics from now on.',
  ),
  'metrics.failed': warn(
    ['address', 'detail'],
    'The address for the metrics of the process cannot be used, or no connection be taken. It is tried again and again.',
    'Find the process that has the address, or correct the setting under `metrics`.',
  ),
  'notice.sent': info(notice, 'People were told of changes of probes.'),
  'notice.deferred': warn(
    [...notice, ...fault, 'nextTryAt'],
    'A notice could not be sent, and is tried again by itself.',
    'Nothing at first.',
  ),
  'notice.failed': error(
    [...notice, ...fault],
    'A notice was tried as often as is allowed: nobody was told.',
    'Look at `enrol probe list` yourself, mend what `detail` says, and try `enrol probe test-notice`.',
  ),
  'daemon.started': info(['pid', 'version', 'home'], 'A process begins.'),
  'daemon.ready': info([], 'It has everything that it needs, and works.'),
  'config.reloaded': info(
    ['file', 'needRestart'],
    'The configuration was read again, and is in force; of the settings named, the ones before are until a restart.',
  ),
  'config.refused': error(
    ['file', ...fault],
    'The configuration was read again, and cannot be used: the one before stays in force.',
    'Mend what the detail names, then reload again.',
  ),
  'daemon.hangs': error(
    ['task', 'seconds'],
    'A round of a task has not come further for so long: the service manager is not told any more that all is well, and starts the process anew.',
    'When it happens again, report it with the lines before.',
  ),
  'daemon.notify-failed': warn(
    ['detail'],
    'The service manager cannot be told how the process is.',
    'See that systemd-notify is installed, and may be run by the unit.',
  ),
  'daemon.stopping': info(['reason'], 'It was told to stop, and finishes what it has in hand.'),
  'daemon.stopped': info(['exitCode'], 'It ends now: the last line of a process, but for a crash.'),
  'daemon.failed': error(
    fault,
    'It cannot start or go on, and ends.',
    `${asTheLineSays} The service manager starts it again.`,
  ),
  'item.failed': error(
    [...batch, ...fault, 'item'],
    'A record of a batch could not be worked on; the batch stops in error.',
    'Mend what `detail` says, then `enrol batch reprocess N`.',
  ),
  'batch.failed': error(
    [...batch, ...fault],
    'A batch stopped in error.',
    'Mend what `detail` says, then `enrol batch reprocess N`.',
  ),
  'job.started': info([...run, 'cause'], 'A job runs.'),
  'job.finished': info(
    [...run, 'milliseconds', 'batches', 'records', 'problems'],
    'A job has run to its end, with or without problems.',
  ),
  'job.failed': error([...run, ...fault], 'The run of a job ended in error.', asTheLineSays),
  'job.missed': warn(
    ['job', 'ticks', 'due', 'detail'],
    'A job did not run at times of its schedule.',
    'See that a scheduler runs all the time; `enrol job run` where `detail` does not say that the job ran later.',
  ),
  'scheduler.clock-set-back': warn(
    ['job', 'seconds'],
    'The clock was set back: what was due meanwhile is not done twice.',
    'Find out who sets the clock of this host; time servers let it run slower instead.',
  ),
  'workflow.event': info(
    ['type', 'eventCode', 'reference', 'batch?'],
    'A workflow event was raised for CMP.',
  ),
  'keys.changed': info(
    ['signing', 'added', 'removed', 'changed'],
    'Other OpenPGP keys are used from now on, without a restart.',
  ),
  'keys.refused': error(
    fault,
    'The key files cannot be used as they are on the disk; the keys read before stay in use.',
    'Mend or remove the file that the line names; [keys.md](keys.md).',
  ),
  'keys.missing': error(
    fault,
    'A party that the configuration names has no key any more: its files wait, and nothing is sealed for it.',
    '`enrol keys import`, or take the party out of `signedBy` and `encryptTo`.',
  ),
  'key.retired-used': warn(
    ['file', 'key'],
    'The sender used a key of ours that is not the current one.',
    'Send the partner our current public key.',
  ),
};

export type EventName = keyof typeof events;
export type EventFields = { [N in EventName]: FieldsOf<(typeof events)[N]['fields'][number]> };

/** Tells an event. Never throws and never waits: what becomes of the log is no concern of the work. */
export type Emit = <N extends EventName>(name: N, fields: EventFields[N]) => void;

/** A fault as it is logged. */
export type FaultFields = FieldsOf<(typeof fault)[number]>;

/** The one way a fault gets into an event. A bug comes with the stack of what was thrown first. */
export function faultFields(thrown: Fault): FaultFields {
  const { code, class: kind, detail, action } = thrown;
  const fields = { code, class: kind, detail, action };
  if (kind !== 'bug') return fields;
  const { stack } = thrown.cause instanceof Error ? thrown.cause : thrown;
  return stack === undefined ? fields : { ...fields, stack };
}
