import { runSimulator } from './run-simulator.ts';
import { samsungKnoxApi } from './samsung-knox-api.ts';

await runSimulator({ https: samsungKnoxApi });
