import type { FaultClass, FaultCode } from './fault-codes.ts';

/**
 * Every field that an event may have. A field means the same in whatever event it stands, so that one search finds it
 * everywhere. Fields hold names, numbers and fault details: no secret and no decrypted content.
 */

/** A row of the table. `of` is never there: it carries the type. */
interface FieldRow<T> {
  /** As the page of the events writes it. */
  readonly type: string;
  readonly means: string;
  readonly of?: T;
}

const row =
  <T>(type: string) =>
  (means: string): FieldRow<T> => ({ type, means });

const text = row<string>('text');
const time = row<string>('time');
const number = row<number>('number');
const textOrNull = row<string | null>('text or null');
const numberOrNull = row<number | null>('number or null');
const texts = row<readonly string[]>('list of texts');
const truth = row<boolean>('true or false');

export const eventFields = {
  action: text('what to do about it'),
  added: texts('fingerprints of keys that are new'),
  address: text('where it is listened: a host or address, or unix: and the path of a socket'),
  after: text('the state from now on'),
  attempt: number('which attempt it is, from 1'),
  batch: number('number of the batch'),
  batches: number('batches that were worked on'),
  became: text('what was done with it: removed, or where it lies now'),
  before: textOrNull('the state until now; null: there was none'),
  by: text('who did it'),
  cause: text('why it runs: by its schedule, a batch, or an operator'),
  certificateFile: text('file of the certificate'),
  changed: texts('fingerprints of keys that were prolonged or revoked'),
  channel: text('mail or webhook'),
  class: row<FaultClass>('text')('kind of the fault: transient, permanent, environment or bug'),
  code: row<FaultCode>('text')('the fault, one of [the codes](faults.md#codes)'),
  delivery: number('number of the file in the ledger of files; 0: it is not in there'),
  detail: text('what happened, in a sentence'),
  digest: text('SHA-256 of the bytes, in hex'),
  due: time('the last time that was missed'),
  eventCode: text('code of the workflow event'),
  exchange: number('number under which the call is kept'),
  exitCode: number('[exit code](../README.md#day-to-day) of the process'),
  file: text('name of the file; a whole path where the file is not one of an inbox'),
  fileSystem: text('kind of the file system'),
  files: number('how many files lie there'),
  folder: text('inbox, or the folder that is published into, within the spool'),
  from: text('address that the request came from'),
  home: text('home of the installation'),
  inbox: text('name of the inbox'),
  intake: text('name of the inbox, or extractor'),
  interface: text('type of the interface, like DEVICE_ENROLMENT_REQUEST'),
  item: number('number of the record in its batch'),
  job: text('name of the job'),
  key: text('id of the key'),
  known: truth('whether the same bytes had come before; they are not taken twice'),
  lacks: text('what is missing: the file, or its marker'),
  lines: number('how many lines'),
  lookedAtOnce: number('how many files are looked at in one scan'),
  megabytes: number('size in megabytes'),
  method: text('method of the HTTP request'),
  milliseconds: number('how long it took'),
  needRestart: texts('groups of settings that were changed, and wait for a restart'),
  nextTryAt: time('when it is tried again'),
  notice: number('number of the notice'),
  otherNames: number('how many other names the file has'),
  path: text('path of the HTTP request'),
  pid: number('number of the process'),
  port: number('port that is listened on'),
  probe: text('the probe, with what it is about'),
  problems: texts('what could not be done, in sentences'),
  provider: text('id of the provider, as in the settings'),
  question: text('request, query or reconciliation'),
  quietSeconds: number('the setting quietSeconds of the inbox'),
  reason: text('why, in words'),
  records: number('records that were worked on'),
  reference: text('what it is about: the id of the sales order'),
  removed: texts('fingerprints of keys that are gone'),
  run: number('number of the run'),
  seconds: number('seconds'),
  sentence: text('what the probe says'),
  signing: text('fingerprint of our key that signs'),
  since: time('since when'),
  size: number('size in bytes'),
  stack: text('where in the program it happened; of a bug only'),
  status: number('HTTP status'),
  summary: text('what the file held, or was made into'),
  task: text('what is done again and again, like an inbox that is worked off'),
  ticks: number('how many times were missed'),
  to: text('what became of the file'),
  token: text('name of the API token'),
  transaction: text('our id of the request to the provider'),
  type: text('type of the workflow event'),
  unit: text('unit of value'),
  until: time('until when'),
  user: text('name of the user of the console'),
  value: numberOrNull('what was measured; null: it could not be'),
  version: text('version of the program'),
  waitsSeconds: number('how long a file has to be quiet here, whatever quietSeconds says'),
};

export type FieldName = keyof typeof eventFields;
type FieldType<N> = N extends FieldName ? Exclude<(typeof eventFields)[N]['of'], undefined> : never;

/** A field in the list of an event; with a question mark it is there at times only. */
export type ListedField = FieldName | `${FieldName}?`;

/** What an event with these fields carries. */
export type FieldsOf<L extends ListedField> = {
  readonly [N in L as N extends FieldName ? N : never]: FieldType<N>;
} & {
  readonly [N in L as N extends `${infer Name}?` ? Name : never]?: N extends `${infer Name}?`
    ? FieldType<Name>
    : never;
};
