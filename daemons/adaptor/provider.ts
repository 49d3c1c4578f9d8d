import { join } from 'node:path';

import type { Config, ProviderConfig } from '../../shared/runtime/config-schema.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { ProviderFormat } from './providers/provider-format.ts';
import { formatOf } from './providers/registry.ts';

/** A configured provider. */
export interface Provider {
  readonly id: string;
  readonly settings: ProviderConfig;
  readonly format: ProviderFormat;
  /** Folder of the files for it, relative to the spool. */
  readonly outbound: string;
}

/** @throws Fault UNKNOWN_PROVIDER */
export function providerOf(config: Config, id: string): Provider {
  const settings = Object.hasOwn(config.providers, id) ? config.providers[id] : undefined;
  if (!settings) {
    const known = Object.keys(config.providers).join(', ') || 'none';
    throw new Fault('UNKNOWN_PROVIDER', `${id}; configured: ${known}`);
  }
  return { id, settings, format: formatOf(settings.format), outbound: join('provider', id, 'outbound') };
}
