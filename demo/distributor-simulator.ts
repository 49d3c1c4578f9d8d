import { distributorApi, distributorFiles } from './distributor-api.ts';
import { runSimulator } from './run-simulator.ts';

await runSimulator({ https: distributorApi, files: distributorFiles });
