import { afterEach, beforeEach, describe } from '@jest/globals';

import type { Db } from '../../shared/store/tables.ts';
import { auditContract } from './store/audit.ts';
import { batchesContract } from './store/batches.ts';
import { consoleUsersContract } from './store/console-users.ts';
import { deliveriesContract } from './store/deliveries.ts';
import { devicesContract } from './store/devices.ts';
import { enrolmentRequestsContract } from './store/enrolment-requests.ts';
import { jobRunsContract } from './store/job-runs.ts';
import { modulePropertiesContract } from './store/module-properties.ts';
import { ordersContract } from './store/orders.ts';
import { providerRequestsContract } from './store/provider-requests.ts';
import { publicationsContract } from './store/publications.ts';
import { transactionsContract } from './store/transactions.ts';
import { workersContract } from './store/workers.ts';
import { workflowEventsContract } from './store/workflow-events.ts';

/** A store under test. */
export interface StoreUnderTest {
  readonly db: Db;
  /** The same store through another connection, as another process has it. */
  again(): Promise<Db>;
}

export type OpenStore = () => Promise<StoreUnderTest & { close(): Promise<void> }>;

const contracts = {
  transactions: transactionsContract,
  workers: workersContract,
  orders: ordersContract,
  devices: devicesContract,
  batches: batchesContract,
  deliveries: deliveriesContract,
  publications: publicationsContract,
  'enrolment requests': enrolmentRequestsContract,
  'provider requests': providerRequestsContract,
  'job runs': jobRunsContract,
  'workflow events': workflowEventsContract,
  'module properties': modulePropertiesContract,
  'console users': consoleUsersContract,
  audit: auditContract,
};

/** What every store promises, whichever database it is. Each test has an empty, migrated store of its own. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`a store in ${name}`, () => {
    let opened: Awaited<ReturnType<OpenStore>>;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const store: StoreUnderTest = {
      get db() {
        return opened.db;
      },
      again: () => opened.again(),
    };
    for (const [aggregate, contract] of Object.entries(contracts)) {
      describe(aggregate, () => contract(store));
    }
  });
}
