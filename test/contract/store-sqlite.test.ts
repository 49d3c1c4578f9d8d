import { temporaryStore } from '../support/temporary-store.ts';
import { storeContract } from './store-suite.ts';

storeContract('SQLite', temporaryStore);
