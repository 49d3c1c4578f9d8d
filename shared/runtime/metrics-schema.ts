import { z } from 'zod';

import { processNames, type ProcessName } from './process-names.ts';

const address = (name: ProcessName) =>
  z
    .string()
    .max(260)
    .default('')
    .describe(`HOST:PORT of this host, or unix:PATH, where the ${name} tells its metrics; empty: nowhere`);

/** Where each process is asked by Prometheus. */
export const metricsSettings = () => z.strictObject(addresses()).prefault({});

export type MetricsConfig = z.infer<ReturnType<typeof metricsSettings>>;

const addresses = () =>
  Object.fromEntries(processNames.map((name) => [name, address(name)])) as Record<
    ProcessName,
    ReturnType<typeof address>
  >;
