import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { listBatches } from '../../shared/store/batches.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import { deviceHistory, devicesById } from '../../shared/store/devices.ts';
import type { Finding } from './findings.ts';
import { flowCanaries, type FlowState } from './flow.ts';
import { findHalfVisible } from './half-visible.ts';
import { findPlaintext } from './plaintext.ts';
import { answerInbox, dispatchInbox, requestInbox, responseInbox } from './trunk.ts';

/** More than there ever are. */
const limit = 1_000_000;

/** What is not as it must be when every order has come to its end: all of it has happened once. */
export async function findAtEnd(flow: FlowState): Promise<Finding[]> {
  const { installation, db } = flow;
  return [
    ...(await wrongDevices(flow)),
    ...(await wrongBatches(flow)),
    ...(await wrongPlaces(flow)),
    ...(await wrongGenericFiles(flow)),
    ...(await findHalfVisible(db)),
    ...(await findPlaintext(installation.home, flowCanaries)),
  ];
}

/** Compares counts: what is missing is lost, what is too much is doubled. */
function countFindings(what: string, wanted: number, found: number): Finding[] {
  if (wanted === found) return [];
  return [{ defect: found < wanted ? 'lost' : 'doubled', what: `${what}: ${found}, not ${wanted}` }];
}

async function wrongDevices({ db, orders }: FlowState): Promise<Finding[]> {
  const wanted = ['Enrol Pending', 'Enrol Requested', 'Enrolled'];
  const findings: Finding[] = [];
  for (const id of orders.flatMap((order) => order.devices)) {
    const found = await devicesById(db, id);
    findings.push(...countFindings(`device ${id}`, 1, found.length));
    for (const device of found) {
      const history = (await deviceHistory(db, device.id)).map((row) => row.status);
      if (history.join() === wanted.join()) continue;
      const defect = history.length > wanted.length ? 'doubled' : 'lost';
      findings.push({ defect, what: `device ${id} went ${history.join(', ')}` });
    }
  }
  return findings;
}

async function wrongBatches({ db, orders }: FlowState): Promise<Finding[]> {
  const batches = await listBatches(db, { limit, order: 'oldest' });
  const findings = batches
    .filter((batch) => batch.status !== 'Complete')
    .map((batch): Finding => ({
      defect: 'lost',
      what: `batch ${batch.id} is at ${batch.stage} · ${batch.status}`,
    }));
  for (const type of ['Sales Order Dispatch', 'Device Enrolment Response'] as const) {
    const found = batches.filter((batch) => batch.type === type).length;
    findings.push(...countFindings(`batches of ${type}`, orders.length, found));
  }
  const items = await db
    .selectFrom('batch_item')
    .innerJoin('batch', 'batch.id', 'batch_item.batch_id')
    .select(['batch.type', 'customer_reference'])
    .execute();
  for (const [type, found] of Map.groupBy(items, (item) => item.type)) {
    findings.push(...countFindings(`items of ${type}`, orders.length, found.length));
    const references = new Set(found.map((item) => item.customer_reference));
    findings.push(...countFindings(`orders in ${type}`, orders.length, references.size));
  }
  return findings;
}

async function wrongPlaces({ installation, dropped }: FlowState): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const inbox of [dispatchInbox, requestInbox, responseInbox, answerInbox]) {
    for (const folder of ['in', 'work', 'tmp', 'hold']) {
      for (const name of await installation.files(inbox, folder)) {
        findings.push({ defect: 'doubled', what: `${name} is left in ${inbox}/${folder}` });
      }
    }
  }
  for (const name of await installation.files(dispatchInbox, 'rejected')) {
    findings.push({ defect: 'lost', what: `${name} was rejected` });
  }
  const digests: string[] = [];
  for (const path of await installation.files(dispatchInbox, 'done')) {
    const bytes = await readFile(installation.spool(dispatchInbox, 'done', path));
    digests.push(createHash('sha256').update(bytes).digest('hex'));
  }
  for (const [name, digest] of dropped) {
    findings.push(
      ...countFindings(`${name} in done/`, 1, digests.filter((found) => found === digest).length),
    );
  }
  return findings;
}

/** A generic file that its publisher showed again was known by its bytes; none was processed twice. */
async function wrongGenericFiles({ db }: FlowState): Promise<Finding[]> {
  const files = await listDeliveries(db, { limit });
  const findings = files
    .filter((file) => file.state !== 'done' && file.fault_code !== 'DUPLICATE')
    .map((file): Finding => ({
      defect: 'lost',
      what: `${file.name} is ${file.state}: ${file.fault_code ?? ''}`,
    }));
  for (const folder of [requestInbox, responseInbox]) {
    const taken = files.filter((file) => file.folder === folder && file.state === 'done');
    for (const { name } of files.filter((file) => file.folder === `${folder}/in`)) {
      const times = taken.filter((file) => file.name === name).length;
      findings.push(...countFindings(`${name} was processed`, 1, times));
    }
  }
  return findings;
}
