import { readFileSync } from 'node:fs';

/**
 * The most memory that this process ever had resident, in megabytes (1024 × 1024 bytes). From the kernel's account of
 * this process alone (proc_pid_status(5)): `process.resourceUsage().maxRSS` counts what the parent had when it started it.
 */
export function peakMegabytes(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
