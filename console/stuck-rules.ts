import type { RequestSummary } from '../shared/store/request-lists.ts';

/** Which requests to a provider somebody should look at. Pure. */

const hour = 3_600_000;
/** A provider answers a request at once, and is done with it within a day. */
const silentHours = 1;
const unfinishedHours = 24;

/** Why somebody should look at a request; undefined while all is well with it. */
export function stuckReason(request: RequestSummary, now: Date): string | undefined {
  const hoursSince = (at: string | null) => (at === null ? 0 : (now.getTime() - Date.parse(at)) / hour);
  switch (request.state) {
    case 'unknown':
      return 'The provider’s answers do not settle every device. Look there, then record what you saw with enrol request settle.';
    case 'sent':
      return hoursSince(request.sent_at) < silentHours
        ? undefined
        : 'It was sent and never answered. It is not sent again blindly: ask the provider first.';
    case 'accepted':
    case 'pending':
      return hoursSince(request.accepted_at ?? request.sent_at) < unfinishedHours
        ? undefined
        : 'The provider has worked on it for more than a day. Ask it now, or ask the people there.';
    case 'queued':
      return request.last_error === null
        ? undefined
        : 'It could not be sent so far, and is tried again by itself.';
    case 'finished':
    case 'refused':
      return undefined;
  }
}
