import { appleApi, appleFiles } from './apple-api.ts';
import { runSimulator } from './run-simulator.ts';

await runSimulator({ mutualTls: true, https: appleApi, files: appleFiles });
