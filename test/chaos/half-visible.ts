import { sql } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';
import type { Finding } from './findings.ts';

/**
 * What holds in the store at every moment, also in the one in which a process has just died: each rule names a thing
 * that is made or changed as a whole, and finds those of which only a part can be seen.
 */
const rules: Readonly<Record<string, string>> = {
  'batches with another number of items than they say': `
    select id from batch
    where record_count <> (select count(*) from batch_item where batch_id = batch.id)`,
  'batches that stand elsewhere than their history says': `
    select id from batch
    where stage || status is distinct from
      (select stage || status from batch_stage where batch_id = batch.id order by id desc limit 1)`,
  'inbound batches that did not come of exactly one file': `
    select id from batch
    where direction = 'inbound' and 1 <> (select count(*) from delivery
      where direction = 'in' and state = 'done' and delivery.batch_id = batch.id)`,
  'files that are done, and brought no batch forward': `
    select id from delivery where direction = 'in' and state = 'done' and batch_id is null`,
  'dispatches whose item is not complete, or the other way round': `
    select id from batch
    where (select count(*) from dispatch where batch_id = batch.id) <> (select count(*) from batch_item
      where batch_id = batch.id and batch.type = 'Sales Order Dispatch' and status = 'Complete'
        and payload_json like '%"status":"DISPATCHED"%')`,
  'devices of another status than their history says': `
    select id from device
    where status is distinct from (select status from device_history where device = device.id order by id desc limit 1)`,
  'devices that were asked for, in no open request': `
    select id from device
    where status in ('Enrol Requested', 'Unenrol Requested') and not exists
      (select 1 from enrolment_request_device where device = device.id and outcome = 'open')`,
  'outbound batches with another number of requests than items': `
    select id from batch
    where direction = 'outbound'
      and record_count <> (select count(*) from enrolment_request where batch_id = batch.id)`,
  'batches that are being extracted, without a queued file': `
    select id from batch
    where direction = 'outbound' and stage = 'Extract/Load' and status = 'In progress' and not exists
      (select 1 from delivery where purpose = 'generic-request' and batch_id = batch.id and state <> 'done')`,
  'requests to a provider that are queued but published, or the other way round': `
    select id from provider_request
    where (state = 'queued') <> exists (select 1 from delivery
      where purpose = 'provider-request' and provider_request_id = provider_request.id and state <> 'done')`,
  'batches that are transmitted with a request still queued': `
    select id from batch
    where stage = 'Transmission' and status = 'Complete'
      and exists (select 1 from provider_request where batch_id = batch.id and state = 'queued')`,
  'responses whose item is complete, and whose devices have no outcome': `
    select cast(batch_id as text) || '/' || cast(sequence as text) as id
    from batch_item join batch on batch.id = batch_id
    where batch.type = 'Device Enrolment Response' and batch_item.status = 'Complete' and not exists
      (select 1 from enrolment_request join enrolment_request_device on request_id = enrolment_request.id
       where order_id = batch_item.customer_reference and outcome <> 'open')`,
};

/** What is to be seen in part only. */
export async function findHalfVisible(db: Db): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [rule, query] of Object.entries(rules)) {
    const { rows } = await sql<{ id: unknown }>`${sql.raw(query)}`.execute(db);
    if (rows.length === 0) continue;
    findings.push({ defect: 'halfVisible', what: `${rule}: ${rows.map(({ id }) => String(id)).join(', ')}` });
  }
  return findings;
}
