import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context } from '../page.ts';
import { time } from '../parts.ts';
import { wishedOutcome, wishSettled } from '../../shared/operator/request-actions.ts';
import type { SettlementWish } from '../../shared/store/settlement-wishes.ts';

/** Settling a request by what somebody saw at the provider. The console wishes it, the adaptor does it. */

const outcomes = ['done', 'not done'] as const;

export const settleAction: Action = {
  path: '/requests/:transaction/settle',
  title: 'Settle it by hand',
  role: 'operator',
  run: async (context, request) => {
    const transaction = request.params.text('transaction');
    const outcome = request.form.choice('outcome', outcomes);
    await wishSettled(context.db, operatorOf(context, request), transaction, outcome === 'done');
    const notice = `The adaptor settles request ${transaction} as ${outcome} at its next look.`;
    return { to: pathTo('/requests/:transaction', { transaction }), notice };
  },
};

export const settleForm = (context: Context, transaction: string): Html =>
  actionForm(context, {
    action: pathTo('/requests/:transaction/settle', { transaction }),
    label: 'Settle it by hand',
    reason: true,
    warning: 'Its open devices get this outcome as if the provider had said it. Say where you saw it.',
    fields: html`<label
      >What you saw at the provider
      <select name="outcome" required>
        <option value="">choose</option>
        <option value="done">it was done: its open devices succeed</option>
        <option value="not done">it was not done: its open devices fail</option>
      </select></label
    >`,
  });

/** That somebody wishes it, until the adaptor has looked. */
export const settlementOf = (wish: SettlementWish | undefined): Html | undefined =>
  wish &&
  html`as ${wishedOutcome(wish)}, by ${wish.who} at ${time(wish.wished_at)} UTC: ${wish.reason}. The adaptor
  does it at its next look.`;
