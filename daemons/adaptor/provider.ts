import { join } from 'node:path';

import type { Config } from '../../shared/runtime/config-schema.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { ProviderConfig } from '../../shared/runtime/provider-schema.ts';
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
  return { id, settings, format: formatOf(settings), outbound: join('provider', id, 'outbound') };
}

/** The configured providers of one transport. */
export const providersBy = (config: Config, transport: ProviderConfig['transport']): Provider[] =>
  Object.keys(config.providers)
    .map((id) => providerOf(config, id))
    .filter(({ settings }) => settings.transport === transport);
