import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';

import { errnoOf, Fault } from './faults.ts';
import { readSecret, unreadable } from './secrets.ts';

/** What a server of ours proves with who it is. PEM texts. */
export interface ServerCredentials {
  readonly cert: string;
  readonly key: string;
}

/** Whose they are: where they are set, and how the service manager's credentials begin. */
export interface Holder {
  /** `loader.listen`. */
  readonly setting: string;
  /** `listen`: then `$CREDENTIALS_DIRECTORY/listen-key` comes before the file. */
  readonly prefix: string;
}

/**
 * Reads certificate and key, each from the service manager or else from its file.
 *
 * @param home files are relative to it
 * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function readServerCredentials(
  home: string,
  { setting, prefix }: Holder,
  files: { readonly certificateFile: string; readonly keyFile: string },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ServerCredentials> {
  const certificate = { name: `${prefix}-certificate`, file: resolve(home, files.certificateFile) };
  const credentials = {
    cert: await readCertificates(setting, certificate, environment),
    key: await readSecret({ name: `${prefix}-key`, file: resolve(home, files.keyFile) }, environment),
  };
  checkPair(setting, credentials);
  return credentials;
}

/** Every place where certificate and key may lie: whoever watches them sees each change. */
export function serverCredentialPaths(
  home: string,
  { prefix }: Holder,
  files: { readonly certificateFile: string; readonly keyFile: string },
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  const folder = environment.CREDENTIALS_DIRECTORY ?? '';
  const fromManager =
    folder === '' ? [] : ['certificate', 'key'].map((kind) => join(folder, `${prefix}-${kind}`));
  return [...fromManager, resolve(home, files.certificateFile), resolve(home, files.keyFile)];
}

function checkPair(setting: string, credentials: ServerCredentials): void {
  try {
    createSecureContext({ ...credentials });
  } catch (error) {
    const why = errnoOf(error) ?? 'unknown error';
    // Without the error, which may quote the key.
    throw new Fault(
      'KEY_UNREADABLE',
      `${setting}: certificateFile and keyFile do not belong together, or are damaged (${why})`,
    );
  }
}

/** Certificates are no secret: others may read the file. @throws Fault KEY_UNREADABLE */
export async function readCertificates(
  setting: string,
  { name, file }: { readonly name: string; readonly file: string },
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const folder = environment.CREDENTIALS_DIRECTORY ?? '';
  const text =
    (folder === '' ? undefined : await readIfThere(join(folder, name))) ?? (await readIfThere(file));
  if (text === undefined) throw new Fault('KEY_UNREADABLE', `${file} is missing`);
  try {
    // OpenSSL takes a text without any certificate for none at all.
    new X509Certificate(text);
    return text;
  } catch {
    throw new Fault('KEY_UNREADABLE', `${setting}: there is no certificate in PEM in ${file}`);
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
