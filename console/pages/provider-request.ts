import { auditSection } from '../audit-section.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { fetched, keyPage, nextKey, pager, shownRows } from '../paging.ts';
import { facts, table, time } from '../parts.ts';
import { batchLink, deviceLink, lines, may, orderLink, outcomeStatus, requestStatus } from '../shown.ts';
import { settleForm, settlementOf } from './request-settlement.ts';
import type { GenericError } from '../../shared/generic/schema-parts.ts';
import { askNow, sendAgain } from '../../shared/operator/request-actions.ts';
import { stuckReason } from '../../shared/probes/request-rules.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { listExchanges, type ExchangeSummary } from '../../shared/store/provider-exchanges.ts';
import { requireTransaction, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import { requestDevicesAfter, requestOrdersAfter } from '../../shared/store/request-lists.ts';
import { findSettlementWish, type SettlementWish } from '../../shared/store/settlement-wishes.ts';
import { askedStates } from '../../shared/store/states/provider-request.ts';
import type { Db, Row } from '../../shared/store/tables.ts';

/** One request to a provider: its orders, its devices, and every call about it. */
export const requestPage: Page = {
  path: '/requests/:transaction',
  title: 'Provider Request',
  heading: ({ params }) => `Request ${params.text('transaction')}`,
  role: 'viewer',
  render: renderRequest,
};

export const askAction: Action = {
  path: '/requests/:transaction/ask',
  title: 'Ask the provider now',
  role: 'operator',
  run: async (context, request) => {
    const transaction = request.params.text('transaction');
    await askNow(context.db, operatorOf(context, request), transaction);
    const notice = `The adaptor asks about request ${transaction} at its next look.`;
    return { to: pathTo('/requests/:transaction', { transaction }), notice };
  },
};

export const sendAgainAction: Action = {
  path: '/requests/:transaction/send-again',
  title: 'Send it again',
  role: 'operator',
  run: async (context, request) => {
    const transaction = request.params.text('transaction');
    await sendAgain(context.db, operatorOf(context, request), transaction);
    const notice = `Request ${transaction} is queued: the adaptor sends it once more.`;
    return { to: pathTo('/requests/:transaction', { transaction }), notice };
  },
};

const paging = { first: 'First', next: 'Next' };

async function renderRequest(context: Context, request: PageRequest): Promise<Html> {
  const { db, clock, loaded } = context;
  const row = await requireTransaction(db, request.params.text('transaction'));
  const stuck = stuckReason(row, loaded.config.probes.responses, clock.now());
  const orders = await requestOrdersAfter(db, row.id, request.query.optionalNumber('order'), fetched);
  const calls = await listExchanges(db, row.id, keyPage(request, 'call'));
  return html`
    ${stuck !== undefined && html`<p class="warning">${stuck}</p>`}
    ${requestFacts(row, await findSettlementWish(db, row.id))}
    ${may(context, 'operator') && actionsOf(context, row)} ${orderTable(shownRows(orders))}
    ${pager(request, { name: 'order', of: 'orders', next: nextKey(orders, (order) => order.order_id), words: paging })}
    ${await devicesOf(db, request, row.id)} ${callTable(shownRows(calls))}
    ${pager(request, { name: 'call', of: 'calls', next: nextKey(calls, (call) => call.id) })}
    ${await auditSection(context, request, `request ${row.transaction_id}`)}
  `;
}

const requestFacts = (row: ProviderRequestRow, wish: SettlementWish | undefined): Html =>
  facts([
    ['State', requestStatus(row.state)],
    ['Provider', row.provider_id],
    ['Its id there', row.provider_transaction_id],
    ['Batch', batchLink(row.batch_id)],
    ['Last error', lines(row.last_error)],
    ['To be settled', settlementOf(wish)],
    ['Made (UTC)', time(row.created_at)],
    ['Goes out at (UTC)', row.state === 'queued' && row.release_at && time(row.release_at)],
    ['Sent (UTC)', row.sent_at && time(row.sent_at)],
    ['Accepted (UTC)', row.accepted_at && time(row.accepted_at)],
    ['Finished (UTC)', row.finished_at && time(row.finished_at)],
    ['Times sent', row.attempts],
    ['Questions', row.queries],
    ['Next question (UTC)', row.next_query_at && time(row.next_query_at)],
  ]);

const actionsOf = (
  context: Context,
  { state, transaction_id: transaction }: ProviderRequestRow,
): Html => html`
  <div class="actions">
    ${
      askedStates.some((asked) => asked === state) &&
      actionForm(context, {
        action: pathTo('/requests/:transaction/ask', { transaction }),
        label: 'Ask the provider now',
        reason: true,
      })
    }
    ${
      state === 'sent' &&
      actionForm(context, {
        action: pathTo('/requests/:transaction/send-again', { transaction }),
        label: 'Send it again',
        reason: true,
        warning:
          'Only when it is certain that the provider did nothing of it: else it is done twice. Say how you know.',
      })
    }
    ${askedStates.some((asked) => asked === state) && settleForm(context, transaction)}
  </div>
`;

const orderTable = (orders: readonly Row<'provider_request_order'>[]): Html => html`
  <h2>Orders</h2>
  ${table(
    'Orders of the request',
    ['Order', 'Number at the provider', 'Type', 'Outcome'],
    orders.map((order) => [
      orderLink(String(order.order_id)),
      order.order_number,
      order.request_type,
      outcomeStatus(order.outcome),
    ]),
  )}
`;

async function devicesOf(db: Db, request: PageRequest, id: number): Promise<Html> {
  const devices = await requestDevicesAfter(db, id, deviceKey(request), fetched);
  return html`
    <h2>Devices</h2>
    ${deviceTable(shownRows(devices))}
    ${pager(request, {
      name: 'device',
      of: 'devices',
      next: nextKey(devices, (device) => `${device.order_id} ${device.device_id}`),
      words: paging,
    })}
  `;
}

/** Devices are listed by order and id: the key has both. @throws Fault BAD_INPUT */
function deviceKey({ query }: PageRequest): { orderId: number; deviceId: string } | undefined {
  const text = query.optional('device');
  if (text === undefined) return undefined;
  const [, order, device] = /^(\d{1,15}) (.+)$/.exec(text) ?? [];
  if (order === undefined || device === undefined)
    throw new Fault('BAD_INPUT', 'device is no place in the list');
  return { orderId: Number(order), deviceId: device };
}

const deviceTable = (devices: readonly Row<'provider_request_device'>[]): Html =>
  table(
    'Devices of the request',
    ['Order', 'Device', 'Id at the provider', 'Outcome', 'The provider’s messages'],
    devices.map((device) => [
      orderLink(String(device.order_id)),
      deviceLink(device.device_id),
      device.provider_device_id,
      outcomeStatus(device.outcome),
      lines(messagesOf(device.errors_json)),
    ]),
  );

const messagesOf = (json: string | null): string | null =>
  json === null
    ? null
    : (JSON.parse(json) as GenericError[]).map(({ id, errorMessage }) => `${id} ${errorMessage}`).join('\n');

const callTable = (calls: readonly ExchangeSummary[]): Html => html`
  <h2>Calls</h2>
  ${
    calls.length === 0
      ? html`<p>No call over HTTPS was made about it.</p>`
      : table(
          'Calls, newest first',
          [
            { title: 'Call', number: true },
            'For',
            'Began (UTC)',
            'Ended (UTC)',
            { title: 'HTTP status', number: true },
            'Fault',
            'Detail',
          ],
          calls.map((call) => [
            call.id,
            call.question,
            time(call.started_at),
            time(call.ended_at),
            call.http_status,
            call.fault_code && html`<span class="code">${call.fault_code}</span>`,
            lines(call.detail),
          ]),
        )
  }
`;
