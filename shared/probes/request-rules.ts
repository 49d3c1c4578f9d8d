import type { ProbeConfig } from '../runtime/probe-schema.ts';
import type { ProviderRequestRow } from '../store/provider-requests.ts';

/** Which requests to a provider somebody should look at. Pure. */

const hour = 3_600_000;

export type OpenRequest = Pick<ProviderRequestRow, 'state' | 'sent_at' | 'accepted_at' | 'last_error'>;

/**
 * Why somebody should look at a request; undefined while all is well with it.
 *
 * @param targets a provider answers a request at once (`silentHours`), and is done with it in time (`amberHours`)
 */
export function stuckReason(
  request: OpenRequest,
  { silentHours, amberHours }: ProbeConfig['responses'],
  now: Date,
): string | undefined {
  const hoursSince = (at: string | null) => (at === null ? 0 : (now.getTime() - Date.parse(at)) / hour);
  switch (request.state) {
    case 'unknown':
      return 'The provider’s answers do not settle every device. Look there, then record what you saw: settle it by hand.';
    case 'sent':
      return hoursSince(request.sent_at) < silentHours
        ? undefined
        : 'It was sent and never answered. It is not sent again blindly: ask the provider first.';
    case 'accepted':
    case 'pending':
      return hoursSince(request.accepted_at ?? request.sent_at) < amberHours
        ? undefined
        : `The provider has worked on it for more than ${amberHours} hours. Ask it now, or ask the people there.`;
    case 'queued':
      return request.last_error === null
        ? undefined
        : 'It could not be sent so far, and is tried again by itself.';
    case 'finished':
    case 'refused':
      return undefined;
  }
}
