import { resolve } from 'node:path';

import type { ListenConfig } from '../../shared/runtime/listen-schema.ts';
import { readSecret } from '../../shared/runtime/secrets.ts';
import {
  readCertificates,
  readServerCredentials,
  type ServerCredentials,
} from '../../shared/runtime/server-credentials.ts';

/** What our server proves with who it is, and by which it knows its senders. PEM texts. */
export interface EndpointCredentials extends ServerCredentials {
  /** Authorities of clients; without them no certificate is asked for. */
  readonly ca?: string;
  /** What the header Authorization must be. */
  readonly token?: string;
}

const holder = { setting: 'loader.listen', prefix: 'listen' };

/**
 * Reads them, each from the service manager's `$CREDENTIALS_DIRECTORY/listen-…` or else from its file.
 *
 * @param home files are relative to it
 * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function readCredentials(
  home: string,
  settings: ListenConfig,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<EndpointCredentials> {
  const { clientCaFile, tokenFile } = settings;
  const authority = { name: 'listen-client-ca', file: resolve(home, clientCaFile) };
  const secret = { name: 'listen-token', file: resolve(home, tokenFile) };
  return {
    ...(await readServerCredentials(home, holder, settings, environment)),
    ...(clientCaFile !== '' && { ca: await readCertificates(holder.setting, authority, environment) }),
    ...(tokenFile !== '' && { token: await readSecret(secret, environment) }),
  };
}
