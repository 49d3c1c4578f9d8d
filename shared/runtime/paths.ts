import { join, resolve } from 'node:path';

import type { Config } from './config-schema.ts';
import type { LoadedConfig } from './config.ts';

/**
 * The configured places as absolute paths. Relative ones are meant from the home, never from the working directory.
 * Pure: nothing here looks whether the place exists.
 */

type Located = Pick<LoadedConfig, 'home' | 'config'>;

export type InboxName = keyof Config['inboxes'] | `provider/${string}/inbound`;

const providerInbox = (id: string): InboxName => `provider/${id}/inbound`;

/** Every inbox of the product: the three of its own, and one for each provider. */
export function inboxNames(config: Config): InboxName[] {
  const own = Object.keys(config.inboxes) as (keyof Config['inboxes'])[];
  return [...own, ...Object.keys(config.providers).map(providerInbox)];
}

export const storeFile = ({ home, config }: Located): string =>
  resolve(home, config.store.url.slice('sqlite:'.length));

export const spoolFolder = ({ home, config }: Located): string => resolve(home, config.spool.folder);

export const inboxFolder = (loaded: Located, name: InboxName): string => join(spoolFolder(loaded), name);

export const outboxFolder = (loaded: Located, name: keyof Config['outboxes']): string =>
  join(spoolFolder(loaded), loaded.config.outboxes[name].folder);

/** Where the files for a provider are published. */
export const providerOutbound = (loaded: Located, id: string): string =>
  join(spoolFolder(loaded), 'provider', id, 'outbound');

export const keysFolder = ({ home, config }: Located): string => resolve(home, config.keys.folder);

/** The configured file; a credential of the service manager comes before it. */
export const passphraseFile = ({ home, config }: Located): string =>
  resolve(home, config.keys.passphraseFile);

/** Undefined when the log goes to stdout only. */
export const logFolder = ({ home, config }: Located): string | undefined =>
  config.log.folder === '' ? undefined : resolve(home, config.log.folder);
