import { html, type Html, type Value } from './html.ts';
import { withQuery } from './links.ts';
import { table } from './parts.ts';
import type { InboxOverview } from '../shared/operator/overview.ts';
import type { DeliveryState } from '../shared/store/states/delivery.ts';

/** Inboxes with what waits in them, by age, and what became of the rest. */
export const inboxTable = (caption: string, inboxes: readonly InboxOverview[], now: Date): Html => {
  const ages = Object.keys(inboxes[0]?.backlog ?? {}) as (keyof InboxOverview['backlog'])[];
  return table(
    caption,
    [
      'Inbox',
      ...ages.map((age) => ({ title: age, number: true })),
      { title: 'Deferred', number: true },
      { title: 'Held', number: true },
      { title: 'Rejected', number: true },
      { title: 'Done', number: true },
    ],
    inboxes.map((inbox) => [
      nameOf(inbox, now),
      ...ages.map((age) => inbox.backlog[age]),
      filesOf(inbox, 'deferred'),
      filesOf(inbox, 'held'),
      filesOf(inbox, 'rejected'),
      filesOf(inbox, 'done'),
    ]),
  );
};

/** A crowded inbox is not looked through for every page. */
function nameOf({ name, seenAt }: InboxOverview, now: Date): Value {
  const seconds = Math.round((now.getTime() - seenAt.getTime()) / 1000);
  return seconds < 1 ? name : html`${name} <span class="quiet">counted ${seconds} s ago</span>`;
}

function filesOf(inbox: InboxOverview, state: 'deferred' | 'held' | 'rejected' | 'done'): Value {
  const count = inbox[state];
  const address = withQuery('/files', { state: state satisfies DeliveryState, folder: inbox.name });
  return count === 0 ? 0 : html`<a href="${address}">${count}</a>`;
}
