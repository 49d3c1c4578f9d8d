import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

/** Loaded into a process before its own code (node --import): it believes that it runs on the host PRETENDED_HOST. */
const host = process.env.PRETENDED_HOST;
if (host !== undefined) {
  os.hostname = () => host;
  syncBuiltinESMExports();
}
