import { googleZeroTouchApi } from './google-zero-touch-api.ts';
import { runSimulator } from './run-simulator.ts';

await runSimulator({ https: googleZeroTouchApi });
