import { runSimulator } from './run-simulator.ts';
import { windowsAutopilotApi } from './windows-autopilot-api.ts';

await runSimulator({ https: windowsAutopilotApi });
