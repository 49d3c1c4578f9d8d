import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Node keeps what it has compiled: each of the many short processes of the tests starts in half the time.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache');

/** Native ES modules; TypeScript is stripped by Node's own stripper, so a test sees exactly what a daemon runs. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  // Real processes and real cryptography: slow machines need room, a hang must still end.
  testTimeout: 60_000,
  // One more than the cores it is meant for: many tests wait for time-outs and leases of other processes.
  maxWorkers: 3,
  // A worker keeps every module of every test file that it has run: without an end, gigabytes.
  workerIdleMemoryLimit: '1GB',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
};
