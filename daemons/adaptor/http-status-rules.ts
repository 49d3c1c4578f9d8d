/**
 * What an HTTP status says of a request when the body says nothing that its format knows.
 *
 * - `denied`: we were not let in, or knocked at the wrong door (404 from a gateway, say); nothing was done
 * - `busy`: turned away for now; nothing was done
 * - `lost`: the server failed at an unknown place; it may have been done (RFC 9110, section 15.6)
 * - `refused`: for good, because of what the request says; nothing was done
 * - `unknown`: no answer that means anything to us
 */
export type StatusVerdict = 'denied' | 'busy' | 'lost' | 'refused' | 'unknown';

/** Statuses that speak of the content, not of the address or of us: RFC 9110, 15.5.1, .10, .14 and .21. */
const refused = [400, 409, 413, 422];
const busy = [425, 429, 503];

export function verdictOfStatus(status: number): StatusVerdict {
  if (refused.includes(status)) return 'refused';
  if (busy.includes(status)) return 'busy';
  // 408: the server gave up waiting for us, at whatever place.
  if (status >= 500 || status === 408) return 'lost';
  return status >= 400 ? 'denied' : 'unknown';
}
