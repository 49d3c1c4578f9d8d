import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

/**
 * Loaded into a process before its own code (node --import): it believes that it runs on the host PRETENDED_HOST, which has
 * a device number of its own for each file system, as hosts have for a file server.
 */
const host = process.env.PRETENDED_HOST;
if (host !== undefined) {
  os.hostname = () => host;
  const { lstat } = fs;
  const shift = Buffer.from(host).reduce((sum, byte) => sum + byte, 0);
  fs.lstat = (async (...given: Parameters<typeof lstat>) => {
    const stat = await lstat(...given);
    if (typeof stat.dev === 'bigint') stat.dev += BigInt(shift);
    else stat.dev += shift;
    return stat;
  }) as typeof lstat;
  syncBuiltinESMExports();
}
