import { loadedBatches } from '../../jobs/process-batches.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { listBatches } from '../../shared/store/batches.ts';
import { unpublished } from '../../shared/store/publications.ts';
import { pendingDevices } from '../../shared/store/devices.ts';
import type { DaemonName } from '../support/installation.ts';
import type { FlowState } from './flow.ts';
import { answerInbox, dispatchInbox, requestInbox, responseInbox } from './trunk.ts';

/** Whether something waits for the daemon. */
export async function hasWork(flow: FlowState, daemon: DaemonName): Promise<boolean> {
  switch (daemon) {
    case 'loader':
      return anyFile(flow, dispatchInbox, responseInbox);
    case 'extractor':
      return (await anyPrepared(flow)) || anyQueued(flow, 'generic-request');
    case 'adaptor':
      return (
        (await anyFile(flow, requestInbox, answerInbox)) ||
        anyQueued(flow, 'provider-request', 'provider-query', 'generic-response')
      );
    case 'scheduler':
      return anyLoaded(flow);
  }
}

/** A daemon takes all small files of an inbox in hand at once: those of a dead one wait in work/. */
async function anyFile({ installation }: FlowState, ...inboxes: readonly string[]): Promise<boolean> {
  const folders = inboxes.flatMap((inbox) => ['in', 'work'].map((folder) => [inbox, folder] as const));
  const names = await Promise.all(folders.map(([inbox, folder]) => installation.files(inbox, folder)));
  return names.flat().some((name) => !name.startsWith('.'));
}

async function anyPrepared({ db }: FlowState): Promise<boolean> {
  const standing = { stage: 'Batch', status: 'Complete' } as const;
  return (await listBatches(db, { direction: 'outbound', standing, limit: 1, order: 'oldest' })).length > 0;
}

const anyQueued = async (
  { db }: FlowState,
  ...purposes: Parameters<typeof unpublished>[1]
): Promise<boolean> => (await unpublished(db, purposes, 1)).length > 0;

async function anyLoaded({ db }: FlowState): Promise<boolean> {
  const types = [salesOrderDispatch.type, deviceEnrolmentResponse.type];
  return (await Promise.all(types.map((type) => loadedBatches(db, type, 1)))).flat().length > 0;
}

/** Whether the request job would find something. */
export const anyPending = async ({ db }: FlowState): Promise<boolean> =>
  (await pendingDevices(db, ['Enrol Pending'])).length > 0;

/** Whether the process that has just died had something in hand. */
export async function heldWork({ db }: FlowState, pid: number | undefined): Promise<boolean> {
  const worker = await db
    .selectFrom('worker')
    .select('id')
    .where('pid', '=', pid ?? 0)
    .where('stopped_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (!worker) return false; // It died before it was known.
  const file = await db
    .selectFrom('delivery')
    .select('id')
    .where('worker_id', '=', worker.id)
    .where('state', '<>', 'deferred')
    .where('moved_at', 'is', null)
    .executeTakeFirst();
  const run = await db
    .selectFrom('job_run')
    .select('id')
    .where('worker_id', '=', worker.id)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return file !== undefined || run !== undefined;
}

/** Whether every order has come to its end, and the provider's last answer too: a question may be asked twice. */
export async function isAtEnd({ installation, db, orders }: FlowState): Promise<boolean> {
  const devices = await db.selectFrom('device').select('status').execute();
  const expected = orders.flatMap((order) => order.devices).length;
  if (devices.length < expected || devices.some(({ status }) => status !== 'Enrolled')) return false;
  const questions = await installation.files('provider', 'apple', 'outbound');
  const answers = await Promise.all(['in', 'work'].map((folder) => installation.files(answerInbox, folder)));
  return answers.flat().length === 0 && questions.every((path) => path.startsWith('taken/'));
}
