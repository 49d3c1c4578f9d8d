import { html, type Html } from '../html.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, status, table, time } from '../parts.ts';
import { batchLink, firstLine, requestLink, requestStatus } from '../shown.ts';
import { stuckReason } from '../../shared/probes/request-rules.ts';
import type { ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import { summariseRequests } from '../../shared/store/request-lists.ts';
import { openStates, providerRequestStates } from '../../shared/store/states/provider-request.ts';

/** Requests to providers: at first those without a final answer. */
export const requestsPage: Page = {
  path: '/requests',
  title: 'Provider Requests',
  menu: 'Daily Operations',
  role: 'viewer',
  refreshSeconds: 30,
  render: renderRequests,
};

const choices = [...providerRequestStates, 'all'] as const;

async function renderRequests(context: Context, request: PageRequest): Promise<Html> {
  const state = request.query.optionalChoice('state', choices);
  const states = state === undefined ? openStates : state === 'all' ? undefined : [state];
  const found = await summariseRequests(context.db, { ...keyPage(request), states });
  return html`
    <form class="filters" method="get">
      ${select('state', 'State', choices, state, 'without a final answer')}
      <button type="submit">Show</button>
    </form>
    ${
      found.length === 0
        ? html`<p>
            ${state === undefined ? 'Every request has its final answer.' : 'There is no such request.'}
          </p>`
        : requestTable('Requests, newest first', shownRows(found), context)
    }
    ${newestFirst(request, found, { state })}
  `;
}

export const requestTable = (
  caption: string,
  requests: readonly ProviderRequestRow[],
  { loaded, clock }: Context,
): Html =>
  table(
    caption,
    [
      'Request',
      'Provider',
      'Batch',
      'State',
      'Made (UTC)',
      'Sent (UTC)',
      { title: 'Questions', number: true },
      'Next question (UTC)',
      'Last error',
    ],
    requests.map((request) => [
      requestLink(request.transaction_id),
      request.provider_id,
      batchLink(request.batch_id),
      html`${requestStatus(request.state)}
      ${stuckReason(request, loaded.config.probes.responses, clock.now()) !== undefined && status('warn', 'needs a look')}`,
      time(request.created_at),
      time(request.sent_at),
      request.queries,
      time(request.next_query_at),
      firstLine(request.last_error),
    ]),
  );
