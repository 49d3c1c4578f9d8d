import type { Command } from 'commander';

import { askNow, sendAgain, wishedOutcome, wishSettled } from '../../shared/operator/request-actions.ts';
import { exchangesOf, type ProviderExchange } from '../../shared/store/provider-exchanges.ts';
import {
  requestedOrders,
  requireTransaction,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { summariseRequests } from '../../shared/store/request-lists.ts';
import { openStates } from '../../shared/store/states/provider-request.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';

export function requestCommands(enrol: Command): void {
  const request = enrol.command('request').description('requests to providers');
  addList(request);
  addShow(request);
  addActions(request);
}

function addList(request: Command): void {
  request
    .command('list')
    .description('requests to providers, newest first')
    .addHelpText('after', examples('enrol request list --open', 'enrol request list --provider apple --json'))
    .option('--open', 'only those without a final answer')
    .option('--provider <id>', 'only those to this provider')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(
      async (
        { open, provider, limit }: { open?: boolean; provider?: string; limit: number },
        command: Command,
      ) => {
        const session = sessionOf(command);
        const requests = await session.withStore((db) =>
          summariseRequests(db, {
            provider,
            limit,
            states: open ? openStates : undefined,
          }),
        );
        session.print(requests, requestTable(requests));
      },
    );
}

export const requestTable = (requests: readonly ProviderRequestRow[]): string[] =>
  table(
    ['request', 'provider', 'batch', 'state', 'sent', 'questions', 'last error'],
    requests.map((each) => [
      each.transaction_id,
      each.provider_id,
      each.batch_id,
      each.state,
      shortTime(each.sent_at),
      each.queries,
      each.last_error,
    ]),
  );

function addShow(request: Command): void {
  request
    .command('show <request>')
    .description('a request with its orders, its devices and every call about it')
    .addHelpText('after', examples('enrol request show tegz00-12-1'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const shown = await session.withStore(async (db) => {
        const row = await requireTransaction(db, id);
        return {
          request: row,
          orders: await requestedOrders(db, row.id),
          calls: await exchangesOf(db, row.id),
        };
      });
      session.print(shown, [
        ...requestTable([shown.request]),
        '',
        ...table(
          ['order', 'as', 'type', 'device', 'at the provider', 'outcome'],
          shown.orders.flatMap((order) => {
            const about = [order.orderId, order.orderNumber, order.requestType];
            if (order.devices.length === 0) return [[...about, '', '', order.outcome]];
            return order.devices.map((each) => [
              ...about,
              each.deviceId,
              each.providerDeviceId,
              each.outcome,
            ]);
          }),
        ),
        '',
        ...callTable(shown.calls),
      ]);
    });
}

const callTable = (calls: readonly ProviderExchange[]): string[] =>
  table(
    ['call', 'for', 'began (UTC)', 'ended', 'status', 'fault', 'detail'],
    calls.map((each) => [
      each.id,
      each.question,
      shortTime(each.started_at),
      shortTime(each.ended_at),
      each.http_status,
      each.fault_code,
      each.detail,
    ]),
  );

function addActions(request: Command): void {
  request
    .command('ask <request>')
    .description('have the provider asked now what became of it')
    .addHelpText('after', examples('enrol request ask tegz00-12-1 --reason "the customer waits"'))
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const changed = await session.withStore((db) => askNow(db, session.operator(reason), id));
      session.print(changed, `Request ${id} is asked about in the next round, if its provider can be asked`);
    });

  request
    .command('resend <request>')
    .description('send it once more; only when it is certain that the provider did nothing of it')
    .addHelpText('after', examples('enrol request resend tegz00-12-1 --reason "not in the portal"'))
    .requiredOption('--reason <text>', 'how you made sure; kept in the audit')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const changed = await session.withStore((db) => sendAgain(db, session.operator(reason), id));
      session.print(changed, `Request ${id} is sent again`);
    });

  request
    .command('settle <request>')
    .description('have the adaptor record what you saw at the provider, where no answer settles it')
    .addHelpText('after', examples('enrol request settle tegz00-12-1 --done --reason "seen in the portal"'))
    .option('--done', 'it was done; without it: it was not, and its devices fail')
    .requiredOption('--reason <text>', 'what you saw; kept in the audit')
    .action(
      async (id: string, { done = false, reason }: { done?: boolean; reason: string }, command: Command) => {
        const session = sessionOf(command);
        const wish = await session.withStore((db) => wishSettled(db, session.operator(reason), id, done));
        const outcome = wishedOutcome(wish) ?? '';
        session.print(wish, `Request ${id} is settled as ${outcome} at the next look of the adaptor`);
      },
    );
}
