import { html, type Html, type Value } from './html.ts';
import { pathTo } from './links.ts';
import type { Context } from './page.ts';
import { status, table, time, type Kind } from './parts.ts';
import { isFaultCode, faultRow } from '../shared/runtime/fault-codes.ts';
import type { Batch } from '../shared/store/batches.ts';
import type { JobRun } from '../shared/store/job-runs.ts';
import type { DeliveryState } from '../shared/store/states/delivery.ts';
import type { DeviceStatus } from '../shared/store/states/device.ts';
import type { ProviderOutcome, ProviderRequestState } from '../shared/store/states/provider-request.ts';
import { suffices, type Role } from '../shared/store/states/role.ts';
import type { Row } from '../shared/store/tables.ts';

/** How the things of the store are shown: each has a page, a status with a colour, and the same words everywhere. */

export const may = (context: Context, role: Role): boolean => suffices(context.user.role, role);

const link = (pattern: string, name: string, value: string | number): Html =>
  html`<a href="${pathTo(pattern, { [name]: value })}">${value}</a>`;

const linkOrNothing = (pattern: string, name: string, value: string | number | null): Html | null =>
  value === null ? null : link(pattern, name, value);

export const fileLink = (id: number): Html => link('/files/:file', 'file', id);
export const batchNumber = (id: number): Html => link('/interfaces/:batch', 'batch', id);
export const batchLink = (id: number | null): Html | null => linkOrNothing('/interfaces/:batch', 'batch', id);
export const orderLink = (id: string): Html => link('/orders/:order', 'order', id);
export const deviceLink = (id: string): Html => link('/devices/:device', 'device', id);
export const requestLink = (id: string): Html => link('/requests/:transaction', 'transaction', id);

export const runLink = (job: string, id: number): Html =>
  html`<a href="${pathTo('/jobs/:job/runs/:run', { job, run: id })}">${id}</a>`;

const fileKinds: Readonly<Record<DeliveryState, Kind>> = {
  seen: 'idle',
  claimed: 'idle',
  deferred: 'warn',
  done: 'ok',
  rejected: 'error',
  held: 'warn',
};
export const fileStatus = (state: DeliveryState): Html => status(fileKinds[state], state);

export const batchStatus = ({ stage, status: word }: Pick<Batch, 'stage' | 'status'>): Html =>
  html`${stage} ${status(word === 'Error' ? 'error' : word === 'Complete' ? 'ok' : 'idle', word)}`;

const itemKinds: Readonly<Record<Row<'batch_item'>['status'], Kind>> = {
  Open: 'idle',
  Complete: 'ok',
  Error: 'error',
};
export const itemStatus = (word: Row<'batch_item'>['status']): Html => status(itemKinds[word], word);

const deviceKinds: Readonly<Record<DeviceStatus, Kind>> = {
  'Not Required': 'idle',
  'Enrol Pending': 'idle',
  'Enrol Requested': 'idle',
  Enrolled: 'ok',
  'Enrol Failed': 'error',
  'Unenrol Pending': 'idle',
  'Unenrol Requested': 'idle',
  Unenrolled: 'ok',
  'Unenrol Failed': 'error',
};
export const deviceStatus = (word: DeviceStatus): Html => status(deviceKinds[word], word);

const requestKinds: Readonly<Record<ProviderRequestState, Kind>> = {
  queued: 'idle',
  sent: 'idle',
  accepted: 'idle',
  pending: 'idle',
  finished: 'ok',
  refused: 'error',
  unknown: 'warn',
};
export const requestStatus = (state: ProviderRequestState): Html => status(requestKinds[state], state);

const outcomeKinds: Readonly<Record<ProviderOutcome, Kind>> = {
  open: 'idle',
  succeeded: 'ok',
  failed: 'error',
  unknown: 'warn',
};
export const outcomeStatus = (outcome: ProviderOutcome): Html => status(outcomeKinds[outcome], outcome);

const runKinds: Readonly<Record<JobRun['state'], Kind>> = {
  running: 'idle',
  complete: 'ok',
  error: 'error',
  interrupted: 'warn',
};
export const runStatus = (state: JobRun['state']): Html => status(runKinds[state], state);

/** Of a message of several lines, which its own page shows whole. */
export const firstLine = (text: string | null): string | null => text?.split('\n')[0] ?? null;

/** A message as it is, with its lines. */
export const lines = (text: string | null): Html | null =>
  text === null ? null : html`<span class="lines">${text}</span>`;

/** What a fault code means, and what to do about it. */
export const faultFacts = (code: string | null, detail: string | null): [string, Value][] => {
  const row = code !== null && isFaultCode(code) ? faultRow(code) : undefined;
  return [
    ['Code', code !== null && html`<span class="code">${code}</span>`],
    ['What happened', row?.what],
    ['Detail', lines(detail)],
    ['What to do', row?.action],
  ];
};

/** In a list: the code, and in a few words what to do. */
export const whatToDo = (code: string | null): string | null =>
  code !== null && isFaultCode(code) ? faultRow(code).action : null;

/** What people did by hand to one thing, newest first; nothing where nobody did. */
export const auditTable = (rows: readonly Row<'audit'>[]): Html | false =>
  rows.length > 0 &&
  html`
    <h2>Done by hand</h2>
    ${table(
      'Actions of operators, newest first',
      ['Time (UTC)', 'Who', 'Action', 'Reason'],
      rows.toReversed().map((row) => [time(row.at), row.who, row.action, row.reason]),
    )}
  `;
