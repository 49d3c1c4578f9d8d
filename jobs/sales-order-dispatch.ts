import {
  salesOrderDispatch,
  type DispatchOrder,
  type SalesOrderDispatch,
} from '../shared/generic/sales-order-dispatch.ts';
import type { GenericError } from '../shared/generic/schema-parts.ts';
import { bug, Fault } from '../shared/runtime/faults.ts';
import type { Batch } from '../shared/store/batches.ts';
import { countPerLine, devicesOfOrder, insertDevices } from '../shared/store/devices.ts';
import { readProperties } from '../shared/store/module-properties.ts';
import {
  orderLines,
  organisationsOf,
  recordDispatch,
  requireOrder,
  updateOrder,
  type SalesOrder,
} from '../shared/store/orders.ts';
import type { Db } from '../shared/store/tables.ts';
import { raiseEvent } from '../shared/store/workflow-events.ts';
import { planDispatch, type DispatchedOrder } from './dispatch-rules.ts';
import type { Job, JobContext } from './job.ts';
import { processBatches } from './process-batches.ts';

/** Sales Order Dispatch: a warehouse's dispatches become devices of their orders, Enrol Pending where that was asked. */
export const salesOrderDispatchJob: Job = {
  key: 'salesOrderDispatch',
  name: 'Sales Order Dispatch',
  description: 'Brings dispatched devices into their sales orders.',
  trigger: salesOrderDispatch.type,
  run: (context) =>
    processBatches(context, salesOrderDispatch.type, async (trx, batch, item, emit) => {
      const record = JSON.parse(item.payload_json) as DispatchOrder;
      const order = await requireOrder(trx, record.id);
      if (record.status === 'REJECTED')
        await rejectOrder({ ...context, emit }, trx, order, record.errors, batch.id);
      else await dispatchOrder(context, trx, order, record, batch);
    }),
};

async function dispatchOrder(
  { worker, clock }: JobContext,
  trx: Db,
  order: SalesOrder,
  record: Extract<DispatchOrder, { status: 'DISPATCHED' }>,
  batch: Batch,
): Promise<void> {
  const plan = planDispatch(await knownOf(trx, order), record);
  if ('problem' in plan) throw new Fault('NOT_ALLOWED', `order ${order.id}: ${plan.problem}`);
  const { deliveryNumber } = record;
  const warehouseId = warehouseOf(batch);
  const dispatchId = await recordDispatch(trx, {
    orderId: order.id,
    deliveryNumber,
    warehouseId,
    dispatchedAt: new Date(record.dispatchDateTime).toISOString(),
    batchId: batch.id,
  });
  const now = clock.now();
  await insertDevices(
    trx,
    plan.devices.map((device) => ({ ...device, orderId: order.id, dispatchId })),
    {
      actor: worker.actor,
      now,
      batchId: batch.id,
      note: `dispatched by ${warehouseId}, delivery ${deliveryNumber}`,
    },
  );
  if (plan.complete) await updateOrder(trx, order.id, { status: 'Complete' }, now);
}

/** The warehouse stands in the header of the document. */
function warehouseOf(batch: Batch): string {
  if (batch.header_json === null) throw bug(`dispatch batch ${batch.id} has no header`);
  return (JSON.parse(batch.header_json) as Pick<SalesOrderDispatch, 'wareHouse'>).wareHouse.id;
}

async function knownOf(trx: Db, order: SalesOrder): Promise<DispatchedOrder> {
  const lines = await orderLines(trx, order.id);
  return {
    id: order.id,
    status: order.status,
    orderDate: order.order_date,
    enrolmentRequired: order.enrolment_required === 1,
    lines: lines.map((line) => ({
      lineNumber: line.line_number,
      quantity: line.quantity,
      providerId: line.provider_id,
    })),
    dispatched: await countPerLine(trx, order.id),
    knownDevices: new Set((await devicesOfOrder(trx, order.id)).map((device) => device.device_id)),
    organisations: new Set((await organisationsOf(trx, order.id)).keys()),
  };
}

async function rejectOrder(
  { clock, emit }: JobContext,
  trx: Db,
  order: SalesOrder,
  errors: readonly GenericError[],
  batchId: number,
): Promise<void> {
  if (order.status !== 'Awaiting Dispatch') {
    throw new Fault(
      'NOT_ALLOWED',
      `order ${order.id} is ${order.status}: the warehouse cannot reject it any more`,
    );
  }
  const now = clock.now();
  await updateOrder(trx, order.id, { status: 'Error' }, now);
  const properties = await readProperties(trx);
  const eventType = properties['device.enrolment.response.event.type'];
  const eventCode = properties['sales.order.dispatch.event.rejected.code'];
  const reasons = errors.map((error) => `${error.id}: ${error.errorMessage}`);
  const notes = [`The warehouse rejected order ${order.id}.`, ...reasons].join('\n');
  await raiseEvent(trx, { eventType, eventCode, referenceNumber: order.id, notes, batchId }, now);
  emit('workflow.event', { type: eventType, eventCode, reference: order.id, batch: batchId });
}
