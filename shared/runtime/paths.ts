import { join, resolve } from 'node:path';

import type { Config } from './config-schema.ts';
import type { LoadedConfig } from './config.ts';

/**
 * The configured places as absolute paths. Relative ones are meant from the home, never from the working directory.
 * Pure: nothing here looks whether the place exists.
 */

type Located = Pick<LoadedConfig, 'home' | 'config'>;

/** Generic responses that wait to be posted to another host. */
export const outgoingInbox = 'outgoingDeviceEnrolment';

export type InboxName = keyof Config['inboxes'] | typeof outgoingInbox | `provider/${string}/inbound`;

const providerInbox = (id: string): InboxName => `provider/${id}/inbound`;

/** Whether generic responses are posted to another host, and not put into a folder. */
export const postsResponses = ({ outboxes }: Config): boolean =>
  outboxes.deviceEnrolmentResponse.endpoint.url !== '';

/** Providers to whom files go over the spool. Answers in files may come from the others too. */
export const spoolProviders = (config: Config): string[] =>
  Object.keys(config.providers).filter((id) => config.providers[id]?.transport === 'spool');

/** Every inbox of the product: those of its own, and one for each provider. */
export function inboxNames(config: Config): InboxName[] {
  const own = Object.keys(config.inboxes) as (keyof Config['inboxes'])[];
  const outgoing: InboxName[] = postsResponses(config) ? [outgoingInbox] : [];
  return [...own, ...outgoing, ...Object.keys(config.providers).map(providerInbox)];
}

/** The extractor has no inbox: it takes in prepared batches. */
export const extractorIntake = 'extractor';

/** Everything whose intake can be paused: every inbox, and the extractor. */
export const intakeNames = (config: Config): string[] => [...inboxNames(config), extractorIntake];

/** The file of an embedded store; undefined: it is on a server. */
export const storeFile = ({ home, config }: Located): string | undefined =>
  config.store.url.startsWith('sqlite:')
    ? resolve(home, config.store.url.slice('sqlite:'.length))
    : undefined;

/** File with the password of a store on a server; undefined: none is configured. */
export const storePasswordFile = ({ home, config }: Located): string | undefined =>
  config.store.passwordFile === '' ? undefined : resolve(home, config.store.passwordFile);

export const spoolFolder = ({ home, config }: Located): string => resolve(home, config.spool.folder);

export const inboxFolder = (loaded: Located, name: InboxName): string => join(spoolFolder(loaded), name);

/** Where an outbox is published, relative to the spool: what is to be posted waits in an inbox of our own. */
export const outboxPlace = (config: Config, name: keyof Config['outboxes']): string =>
  name === 'deviceEnrolmentResponse' && postsResponses(config)
    ? `${outgoingInbox}/in`
    : config.outboxes[name].folder;

export const outboxFolder = (loaded: Located, name: keyof Config['outboxes']): string =>
  join(spoolFolder(loaded), outboxPlace(loaded.config, name));

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
