import { failPoints, type FailPoint } from '../../shared/runtime/fail-point.ts';

/** Fail-points of calls over the network, which no stage of the matrix makes -> the test that kills there. */
export const killedElsewhere = {
  'call.recorded': 'end-to-end/providers.test.ts',
  'call.answered': 'end-to-end/providers.test.ts',
  'call.settled': 'end-to-end/providers.test.ts',
  'receive.drafted': 'end-to-end/endpoint.test.ts',
  'receive.linked': 'end-to-end/endpoint.test.ts',
  'receive.synced': 'end-to-end/endpoint.test.ts',
} as const satisfies Partial<Record<FailPoint, string>>;

/** Those at which the matrix kills. */
export const killedHere: readonly FailPoint[] = failPoints.filter((point) => !(point in killedElsewhere));
