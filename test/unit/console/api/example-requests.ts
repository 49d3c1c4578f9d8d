import { readFile, writeFile } from 'node:fs/promises';

import { pauseIntake } from '../../../../shared/operator/intake-actions.ts';
import { setModuleProperty } from '../../../../shared/operator/property-actions.ts';
import { probeTask } from '../../../../shared/probes/evaluate.ts';
import { deletePause } from '../../../../shared/store/intake-pauses.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import { holdFile } from '../../../../shared/operator/file-actions.ts';
import { setPriority, wishRun } from '../../../../shared/operator/job-actions.ts';
import { spoolFolder } from '../../../../shared/runtime/paths.ts';
import { moveBatch } from '../../../../shared/store/batches.ts';
import { insertRequest } from '../../../../shared/store/enrolment-requests.ts';
import { moveDevices } from '../../../../shared/store/devices.ts';
import { forgetWish } from '../../../../shared/store/job-wishes.ts';
import { lastRun, startRun } from '../../../../shared/store/job-runs.ts';
import { moveRequest, requireTransaction } from '../../../../shared/store/provider-requests.ts';
import { actor, addBatch, addDevices, addProviderRequest } from '../../../support/store-examples.ts';
import type { ApiScene } from './api-scene.ts';

/** For each endpoint a request that succeeds, with what it needs in the store. */

export interface Example {
  readonly path: string;
  /** Of a change, without the reason. */
  readonly body?: object;
  /** What the audit has of it afterwards. */
  readonly audit?: { readonly action: string; readonly subject: string };
}

let numbers = 0;
/** Unique in the tests of a process. */
const next = (): number => ++numbers;

const operator = (scene: ApiScene) => ({ who: 'test', reason: 'a test', now: scene.rt.clock.now() });

async function refusedFile(scene: ApiScene, code: 'JSON_MALFORMED' | 'DUPLICATE' = 'JSON_MALFORMED') {
  return scene.pages.refused(`file-${next()}.json.pgp`, new Fault(code, 'no JSON at byte 7'));
}

const fileAction = (verb: string, { id }: { readonly id: number }): Example => ({
  path: `/files/${id}/${verb}`,
  audit: { action: `file.${verb}`, subject: `file ${id}` },
});

async function enrolledDevice(scene: ApiScene): Promise<{ order: string; deviceId: string }> {
  const number = next();
  const { db, clock } = scene.rt;
  const [order, deviceId] = [`${1000 + number}`, `ZZTEST${number}`];
  const devices = await addDevices(db, order, [{ deviceId }]);
  const cause = { actor, now: clock.now(), batchId: null, note: null };
  const { id: batchId } = await addBatch(db, { direction: 'outbound' });
  const asked = devices.map(({ id }) => ({ id, role: 'enrol' as const }));
  const request = {
    batchId,
    orderId: order,
    providerId: 'apple',
    requestType: 'ORDER' as const,
    devices: asked,
  };
  const id = await insertRequest(db, request, clock.now());
  await db
    .updateTable('enrolment_request')
    .set({ answered_at: clock.now().toISOString() })
    .where('id', '=', id)
    .execute();
  await moveDevices(db, devices, 'Enrol Requested', cause);
  const requested = devices.map((device) => ({ ...device, status: 'Enrol Requested' as const }));
  await moveDevices(db, requested, 'Enrolled', cause);
  return { order, deviceId };
}

async function sentRequest(scene: ApiScene): Promise<string> {
  const transaction = `t-${next()}`;
  await addProviderRequest(scene.rt.db, transaction);
  const request = await requireTransaction(scene.rt.db, transaction);
  await moveRequest(scene.rt.db, request, 'sent', { sent_at: scene.rt.clock.now().toISOString() });
  return transaction;
}

async function batchInError(scene: ApiScene): Promise<number> {
  const { db, clock } = scene.rt;
  const item = { customerReference: '1', description: 'Order 1', payload: {} };
  const { id } = await addBatch(db, { items: [item] });
  await moveBatch(db, id, { stage: 'Batch', status: 'In progress' }, actor, clock.now());
  await moveBatch(db, id, { stage: 'Batch', status: 'Error' }, actor, clock.now(), 'item 1: no such order');
  return id;
}

const job = 'salesOrderDispatch';

const jobSetting = (verb: string, body: object = {}): Example => ({
  path: `/jobs/${job}/${verb}`,
  body,
  audit: { action: `job.${verb}`, subject: `job ${job}` },
});

const intake = 'inboundDeviceEnrolment';
const forgetPause = (scene: ApiScene) => deletePause(scene.rt.db, intake);

/** The setting stands in the file with its default, or with another value. */
async function configured(scene: ApiScene, attempts: number): Promise<void> {
  const { file } = scene.rt.loaded;
  await writeFile(
    file,
    (await readFile('config/enrol.yaml', 'utf8')).replace(/maxAttempts: 20/, `maxAttempts: ${attempts}`),
  );
}
const setting = 'retry.maxAttempts';

/** By the id of the endpoint. */
export const examples: Readonly<Record<string, (scene: ApiScene) => Promise<Example>>> = {
  getOverview: async (scene) => {
    await refusedFile(scene);
    await batchInError(scene);
    return { path: '/overview' };
  },
  listDaemons: () => Promise.resolve({ path: '/daemons' }),
  listInboxes: () => Promise.resolve({ path: '/inboxes' }),
  listJobs: () => Promise.resolve({ path: '/jobs' }),
  getJob: () => Promise.resolve({ path: `/jobs/${job}` }),
  listJobRuns: () => Promise.resolve({ path: `/jobs/${job}/runs` }),
  getJobRun: async ({ rt: { db, worker, clock } }) => {
    await startRun(db, job, 'operator', worker, clock.now());
    return { path: `/jobs/${job}/runs/${(await lastRun(db, job))?.id ?? 0}` };
  },
  runJob: async ({ rt: { db } }) => {
    await forgetWish(db, job);
    return { path: `/jobs/${job}/run`, audit: { action: 'job.run', subject: `job ${job}` } };
  },
  withdrawJob: async (scene) => {
    await forgetWish(scene.rt.db, job);
    await wishRun(scene.rt.db, operator(scene), job);
    return { path: `/jobs/${job}/withdraw`, audit: { action: 'job.withdraw', subject: `job ${job}` } };
  },
  enableJob: () => Promise.resolve(jobSetting('enable')),
  disableJob: () => Promise.resolve(jobSetting('disable')),
  resetJob: async (scene) => {
    await setPriority(scene.rt.db, operator(scene), job, 7);
    return jobSetting('reset');
  },
  setJobPriority: () => Promise.resolve(jobSetting('priority', { priority: 7 })),
  setJobSchedule: () => {
    const exclude = { days: ['12-31'], weekdays: ['Sun'] };
    const schedule = { kind: 'daily', times: ['06:30'], timeZone: 'Europe/Berlin', exclude, catchUp: 'once' };
    return Promise.resolve(jobSetting('schedule', { schedule }));
  },
  listIntakes: async (scene) => {
    await forgetPause(scene);
    await pauseIntake(scene.rt.loaded.config, scene.rt.db, operator(scene), [intake]);
    return { path: '/intakes' };
  },
  pauseIntake: async (scene) => {
    await forgetPause(scene);
    return {
      path: `/intakes/${intake}/pause`,
      audit: { action: 'intake.pause', subject: `intake ${intake}` },
    };
  },
  resumeIntake: async (scene) => {
    await forgetPause(scene);
    await pauseIntake(scene.rt.loaded.config, scene.rt.db, operator(scene), [intake]);
    return {
      path: `/intakes/${intake}/resume`,
      audit: { action: 'intake.resume', subject: `intake ${intake}` },
    };
  },
  listProbes: async (scene) => {
    await batchInError(scene);
    return { path: '/probes' };
  },
  listProbeChanges: async (scene) => {
    await probeTask(scene.rt).step(new AbortController().signal);
    return { path: '/probe-changes' };
  },
  listBatches: async (scene) => {
    await batchInError(scene);
    return { path: '/batches?status=Error&type=Sales+Order+Dispatch&direction=inbound' };
  },
  getBatch: async (scene) => ({ path: `/batches/${await batchInError(scene)}` }),
  listBatchItems: async (scene) => ({ path: `/batches/${await batchInError(scene)}/items` }),
  reprocessBatch: async (scene) => {
    const id = await batchInError(scene);
    return { path: `/batches/${id}/reprocess`, audit: { action: 'batch.reprocess', subject: `batch ${id}` } };
  },
  listFiles: async (scene) => {
    await refusedFile(scene);
    return { path: '/files?state=rejected&folder=inboundSalesOrderDispatch' };
  },
  getFile: async (scene) => ({ path: `/files/${(await refusedFile(scene)).id}` }),
  retryFile: async (scene) => fileAction('retry', await refusedFile(scene)),
  holdFile: async (scene) => fileAction('hold', await refusedFile(scene)),
  releaseFile: async (scene) => {
    const file = await refusedFile(scene);
    await holdFile(scene.rt.db, spoolFolder(scene.rt.loaded), operator(scene), file.id);
    return fileAction('release', file);
  },
  discardFile: async (scene) => fileAction('discard', await refusedFile(scene)),
  reloadFile: async (scene) => fileAction('reload', await refusedFile(scene, 'DUPLICATE')),
  searchDevices: async (scene) => ({ path: `/devices?q=${(await enrolledDevice(scene)).deviceId}` }),
  getDevice: async (scene) => ({ path: `/devices/${(await enrolledDevice(scene)).deviceId}` }),
  unenrolDevice: async (scene) => {
    const { deviceId } = await enrolledDevice(scene);
    const audit = { action: 'device.unenrol', subject: `device ${deviceId}` };
    return { path: `/devices/${deviceId}/unenrol`, audit };
  },
  searchOrders: async (scene) => ({ path: `/orders?q=${(await enrolledDevice(scene)).order}` }),
  getOrder: async (scene) => ({ path: `/orders/${(await enrolledDevice(scene)).order}` }),
  listOrderDevices: async (scene) => ({ path: `/orders/${(await enrolledDevice(scene)).order}/devices` }),
  voidOrder: async (scene) => {
    const { order } = await enrolledDevice(scene);
    return { path: `/orders/${order}/void`, audit: { action: 'order.void', subject: `order ${order}` } };
  },
  overrideOrder: async (scene) => {
    const { order } = await enrolledDevice(scene);
    const body = { organisations: { apple: '7100456' }, purchaseOrder: 'PO-2' };
    const audit = { action: 'order.override', subject: `order ${order}` };
    return { path: `/orders/${order}/override`, body, audit };
  },
  listProviderRequests: async (scene) => {
    await sentRequest(scene);
    return { path: '/provider-requests?state=sent&provider=apple' };
  },
  getProviderRequest: async (scene) => ({ path: `/provider-requests/${await sentRequest(scene)}` }),
  listRequestedOrders: async (scene) => ({ path: `/provider-requests/${await sentRequest(scene)}/orders` }),
  listRequestedDevices: async (scene) => ({ path: `/provider-requests/${await sentRequest(scene)}/devices` }),
  listProviderCalls: async (scene) => ({ path: `/provider-requests/${await sentRequest(scene)}/calls` }),
  askProvider: async (scene) => {
    const id = await sentRequest(scene);
    const audit = { action: 'request.ask', subject: `request ${id}` };
    return { path: `/provider-requests/${id}/ask`, audit };
  },
  resendProviderRequest: async (scene) => {
    const id = await sentRequest(scene);
    const audit = { action: 'request.resend', subject: `request ${id}` };
    return { path: `/provider-requests/${id}/resend`, audit };
  },
  settleProviderRequest: async (scene) => {
    const id = await sentRequest(scene);
    const audit = { action: 'request.settle', subject: `request ${id}` };
    return { path: `/provider-requests/${id}/settle`, body: { done: false }, audit };
  },
  listWorkflowEvents: () => Promise.resolve({ path: '/workflow-events?order=1' }),
  listModuleProperties: () => Promise.resolve({ path: '/module-properties' }),
  setModuleProperty: () => {
    const name = 'device.enrolment.response.event.success';
    const audit = { action: 'property.set', subject: `property ${name}` };
    return Promise.resolve({ path: `/module-properties/${name}`, body: { value: 'true' }, audit });
  },
  resetModuleProperty: async (scene) => {
    const name = 'device.enrolment.response.event.success';
    await setModuleProperty(scene.rt.db, operator(scene), name, 'true');
    const audit = { action: 'property.reset', subject: `property ${name}` };
    return { path: `/module-properties/${name}/reset`, audit };
  },
  listSettings: async (scene) => {
    await configured(scene, 20);
    return { path: '/settings' };
  },
  setSetting: async (scene) => {
    await configured(scene, 20);
    const audit = { action: 'setting.set', subject: `setting ${setting}` };
    return { path: `/settings/${setting}`, body: { value: '45' }, audit };
  },
  resetSetting: async (scene) => {
    await configured(scene, 45);
    const audit = { action: 'setting.reset', subject: `setting ${setting}` };
    return { path: `/settings/${setting}/reset`, audit };
  },
  listKeys: () => Promise.resolve({ path: '/keys' }),
  listAudit: () => Promise.resolve({ path: '/audit?who=test&action=token.add' }),
  getOpenApi: () => Promise.resolve({ path: '/openapi.json' }),
};
