import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { deviceMovesPerHour, deviceMovesSince, filesPerHour } from '../../../../shared/store/activity.ts';
import { listAudit } from '../../../../shared/store/audit.ts';
import { itemsAfter, listBatches, stagePage, summariseInterfaces } from '../../../../shared/store/batches.ts';
import {
  filesOfBatch,
  countFiles,
  countRejectedSince,
  filesInNeed,
  listDeliveries,
} from '../../../../shared/store/delivery-lists.ts';
import { countByStatus, listDevices } from '../../../../shared/store/devices.ts';
import { requestsOfOrder } from '../../../../shared/store/enrolment-requests.ts';
import { batchesOfRun, itemsOfRun } from '../../../../shared/store/job-run-batches.ts';
import { lastRun, listRuns } from '../../../../shared/store/job-runs.ts';
import { dueTick, listTicks, pruneTicks } from '../../../../shared/store/job-ticks.ts';
import { dispatchPage, orderLinesAfter, searchOrders } from '../../../../shared/store/orders.ts';
import { failedExchanges, listExchanges } from '../../../../shared/store/provider-exchanges.ts';
import {
  countFailedNotices,
  dueNotice,
  gatheringNotice,
  listNotices,
} from '../../../../shared/store/notices.ts';
import { changesBetween, forgetOld, listChanges } from '../../../../shared/store/probes.ts';
import {
  countOpenRequests,
  openProviderRequests,
  requestDevicesAfter,
  requestOrdersAfter,
  summariseRequests,
} from '../../../../shared/store/request-lists.ts';
import { archivedAfter, removalsUnderWay } from '../../../../shared/store/retention.ts';
import { lastDryRunByHand } from '../../../../shared/store/retention-runs.ts';
import type { Db } from '../../../../shared/store/tables.ts';
import { workersOf } from '../../../../shared/store/workers.ts';
import { listEvents } from '../../../../shared/store/workflow-events.ts';
import { plansOf } from '../../../support/query-plans.ts';
import { temporaryStore, type TemporaryStore } from '../../../support/temporary-store.ts';
import { auditOf } from '../../../support/store-lookups.ts';

/** How SQLite goes about the queries of the pages: by an index, never over a whole table nor sorting one. */

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
});
afterAll(() => store.close());

const page = { before: 1000, limit: 51 };
const firstPage = { limit: 51 };
const day = new Date('2026-05-06T00:00:00Z');

const queries: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  'files by state': (db) => listDeliveries(db, { ...page, states: ['rejected', 'held'] }),
  'files that need somebody': (db) => filesInNeed(db, page),
  'files that need somebody, of a code': (db) =>
    listDeliveries(db, { ...page, states: ['rejected'], code: 'DUPLICATE', withoutDiscarded: true }),
  'files of a code': (db) => listDeliveries(db, { ...page, code: 'DISCARDED' }),
  'files rejected of late': (db) => countRejectedSince(db, day),
  'files of an inbox': (db) => listDeliveries(db, { ...page, folder: 'x' }),
  'all files': (db) => listDeliveries(db, page),
  'files by folder and state': (db) => countFiles(db),
  'files per hour': (db) => filesPerHour(db, day),
  'devices per hour': (db) => deviceMovesPerHour(db, day),
  'devices by what happened today': (db) => deviceMovesSince(db, day),
  'devices by status': (db) => listDevices(db, { ...page, status: 'Enrolled' }),
  'devices of an order': (db) => listDevices(db, { ...page, orderId: '1' }),
  'devices counted': (db) => countByStatus(db),
  'all batches': (db) => listBatches(db, { ...page, order: 'newest' }),
  'batches by status': (db) => listBatches(db, { ...page, status: 'Error', order: 'newest' }),
  'batches by type': (db) => listBatches(db, { ...page, type: 'x', order: 'newest' }),
  'stages of a batch': (db) => stagePage(db, 1, page),
  'files of a batch': (db) => filesOfBatch(db, 1, page),
  'dispatches of an order': (db) => dispatchPage(db, '1', page),
  'lines of an order': (db) => orderLinesAfter(db, '1', 3, 51),
  'archived files that are old': (db) => archivedAfter(db, 'done', { id: 1, settled_at: '2026-01-01' }, 100),
  'files that are being removed': (db) => removalsUnderWay(db, 100),
  'runs of retention': (db) => lastDryRunByHand(db),
  'items of a batch': (db) => itemsAfter(db, 1, 5, 51),
  interfaces: (db) => summariseInterfaces(db),
  'runs of a job': (db) => listRuns(db, 'x', page),
  'last run': (db) => lastRun(db, 'x'),
  'batches of a run': (db) => batchesOfRun(db, 1, 5, 51),
  'items of a run': (db) => itemsOfRun(db, 1, { batchId: 5, sequence: 5 }, 51),
  'due times of a job': (db) => listTicks(db, 'x', page),
  'the due time that waits': (db) => dueTick(db, 'x'),
  'old due times': (db) => pruneTicks(db, 'x', day),
  'requests by state': (db) => summariseRequests(db, { ...page, states: ['sent', 'unknown'] }),
  'all requests': (db) => summariseRequests(db, page),
  'orders of a request': (db) => requestOrdersAfter(db, 1, 5, 51),
  'devices of a request': (db) => requestDevicesAfter(db, 1, { orderId: 1, deviceId: 'x' }, 51),
  'calls of a request': (db) => listExchanges(db, 1, page),
  'calls that failed': (db) => failedExchanges(db, 20),
  'processes of a daemon': (db) => workersOf(db, 'loader', 10, new Date()),
  'audit of one thing': (db) => auditOf(db, 'file 1'),
  'all audit': (db) => listAudit(db, page),
  'audit of days': (db) => listAudit(db, { ...page, since: day, until: day }),
  'audit by who': (db) => listAudit(db, { ...page, who: 'x' }),
  'audit by who, of days': (db) => listAudit(db, { ...page, who: 'x', since: day }),
  'audit by action': (db) => listAudit(db, { ...page, action: 'x' }),
  'audit by subject, of days': (db) => listAudit(db, { ...page, subject: 'x', until: day }),
  'all changes of probes': (db) => listChanges(db, page),
  'changes of a notice': (db) => changesBetween(db, 1, 5, 100),
  'old changes and notices': (db) => forgetOld(db, day),
  'all notices': (db) => listNotices(db, page),
  'notices that failed': (db) => countFailedNotices(db, day),
  'the notice that is due': (db) => dueNotice(db, 'mail', day),
  'all events': (db) => listEvents(db, page),
  'events of an order': (db) => listEvents(db, { ...page, referenceNumber: '1' }),
};

/** Those whose few rows have to be sorted. */
const sorted: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  'devices by a number': (db) => listDevices(db, { ...page, text: 'x' }),
  'devices by a number, at first': (db) => listDevices(db, { ...firstPage, text: 'x' }),
  'orders by a number': (db) => searchOrders(db, 'x', 50),
  'requests about an order': (db) => requestsOfOrder(db, '1', 50, 1000),
  'requests without an answer': (db) => openProviderRequests(db, 50),
  'requests without an answer, counted': (db) => countOpenRequests(db),
  'the notice that takes changes': (db) => gatheringNotice(db, 'mail', day),
};

/** A walk over a table without an index (but for one of counts, which has few rows), also from a place in it on: the rows looked for may be far apart. */
const walksOver = (plan: string): boolean =>
  /^SCAN (?!.*USING (COVERING )?INDEX|\w+_count$)|USING INTEGER PRIMARY KEY \(rowid<\?\)$/.test(plan);

test.each(Object.entries(queries))('%s are found by an index, in order', async (name, ask) => {
  const plans = await plansOf(store.db, ask);
  expect(plans.length).toBeGreaterThan(0);
  // A list of all there is has nothing to look for: newest first by its key, it ends with the page.
  if (!name.startsWith('all ')) expect(plans.filter(walksOver)).toEqual([]);
  expect(plans.filter((plan) => plan.includes('TEMP B-TREE FOR ORDER BY'))).toEqual([]);
});

test.each(Object.entries(sorted))('%s are found by an index', async (_name, ask) => {
  const plans = await plansOf(store.db, ask);
  expect(plans.length).toBeGreaterThan(0);
  expect(plans.filter(walksOver)).toEqual([]);
});
