import { expect, test } from '@jest/globals';

import { verdictOfStatus, type StatusVerdict } from '../../../daemons/adaptor/http-status-rules.ts';

test.each<[StatusVerdict, number[]]>([
  ['denied', [401, 402, 403, 404, 405, 406, 407, 410, 411, 412, 414, 415, 417, 421, 426, 431, 451, 499]],
  ['refused', [400, 409, 413, 422]],
  ['busy', [425, 429, 503]],
  ['lost', [408, 500, 501, 502, 504, 507, 520, 599]],
  ['unknown', [200, 201, 202, 204, 206, 301, 302, 304, 307]],
])('%s: %j', (verdict, statuses) => {
  for (const status of statuses) expect([status, verdictOfStatus(status)]).toEqual([status, verdict]);
});
