import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';

import { errnoOf, Fault } from '../../shared/runtime/faults.ts';
import type { ListenConfig } from '../../shared/runtime/listen-schema.ts';
import { readSecret, unreadable } from '../../shared/runtime/secrets.ts';

/** What our server proves with who it is, and by which it knows its senders. PEM texts. */
export interface EndpointCredentials {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients; without them no certificate is asked for. */
  readonly ca?: string;
  /** What the header Authorization must be. */
  readonly token?: string;
}

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
  const secret = (name: string, file: string) => readSecret({ name, file: resolve(home, file) }, environment);
  const certificates = (name: string, file: string) =>
    readCertificates(name, resolve(home, file), environment);
  const { clientCaFile, tokenFile } = settings;
  const credentials = {
    cert: await certificates('listen-certificate', settings.certificateFile),
    key: await secret('listen-key', settings.keyFile),
    ...(clientCaFile !== '' && { ca: await certificates('listen-client-ca', clientCaFile) }),
    ...(tokenFile !== '' && { token: await secret('listen-token', tokenFile) }),
  };
  checkPair(credentials);
  return credentials;
}

function checkPair({ cert, key }: EndpointCredentials): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const why = errnoOf(error) ?? 'unknown error';
    // Without the error, which may quote the key.
    throw new Fault(
      'KEY_UNREADABLE',
      `loader.listen: certificateFile and keyFile do not belong together, or are damaged (${why})`,
    );
  }
}

/** Certificates are no secret: others may read the file. */
async function readCertificates(name: string, file: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = environment.CREDENTIALS_DIRECTORY ?? '';
  const text =
    (folder === '' ? undefined : await readIfThere(join(folder, name))) ?? (await readIfThere(file));
  if (text === undefined) throw new Fault('KEY_UNREADABLE', `${file} is missing`);
  try {
    // OpenSSL takes a text without any certificate for none at all.
    new X509Certificate(text);
    return text;
  } catch {
    throw new Fault('KEY_UNREADABLE', `loader.listen: there is no certificate in PEM in ${file}`);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}
