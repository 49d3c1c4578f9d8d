import { afterAll, beforeAll } from '@jest/globals';

import { PostgresStores } from '../support/temporary-postgres.ts';
import { storeContract } from './store-suite.ts';

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

storeContract('PostgreSQL', () => stores.open());
