import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded into a process before its own code (node --import): every file system is NFS to it, and its time, apart from that of
 * the day, passes thirty times as fast.
 */
const nfs = 0x6969;
const timesAsFast = 30;

const { statfs } = fs;
fs.statfs = (async (...given: Parameters<typeof statfs>) =>
  Object.assign(await statfs(...given), { type: nfs })) as typeof statfs;
syncBuiltinESMExports();

const now = performance.now.bind(performance);
performance.now = () => now() * timesAsFast;
