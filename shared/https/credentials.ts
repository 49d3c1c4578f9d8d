import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

import type { Clock } from '../runtime/clock.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';
import type { HttpsClientConfig } from '../runtime/https-schema.ts';
import { RereadFiles } from '../runtime/reread-files.ts';
import { readSecret, unreadable } from '../runtime/secrets.ts';

/** What we prove with who we are, and by which we know the server. */
export interface Credentials {
  /** Our certificate and key, and the authorities that count. */
  readonly secureContext: SecureContext;
  /** The token, the client secret, or the service account's file: whichever the authentication uses. */
  readonly secret: string;
}

export interface CredentialOptions<Use> {
  readonly settings: HttpsClientConfig;
  /** Files are relative to it. */
  readonly home: string;
  /** The credentials of the service manager are called `<name>-key` and so on. */
  readonly name: string;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
  /** What is made of them. @throws Fault when they are of no use */
  readonly make: (credentials: Credentials) => Use;
  /** New files are refused, and those read before go on being used. Told once for each state of the files. */
  readonly onRefused: (fault: Fault) => void;
}

/** A file as it is looked for: the credential of the service manager comes first. */
interface Source {
  readonly name: string;
  readonly file: string;
}

/** The credentials of one server, read again when their files change. */
export class CredentialFiles<Use> {
  readonly #options: CredentialOptions<Use>;
  readonly #sources: Readonly<Record<'certificate' | 'key' | 'ca' | 'secret', Source | undefined>>;
  readonly #files: RereadFiles<Use>;

  constructor(options: CredentialOptions<Use>) {
    this.#options = options;
    const { settings, clock, make, onRefused } = options;
    this.#sources = {
      certificate: this.#source('certificate', settings.certificateFile),
      key: this.#source('key', settings.keyFile),
      ca: this.#source('ca', settings.caFile),
      secret: this.#source(...secretOf(settings)),
    };
    const paths = Object.values(this.#sources).flatMap((source) =>
      source ? [this.#credentialPath(source) ?? [], source.file].flat() : [],
    );
    this.#files = new RereadFiles({ paths, clock, read: async () => make(await this.#read()), onRefused });
  }

  /**
   * The same until the files have changed. They are looked at every two seconds at most.
   *
   * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED when none were read before
   */
  current(): Promise<Use> {
    return this.#files.current();
  }

  async #read(): Promise<Credentials> {
    const { certificate, key, ca, secret } = this.#sources;
    const pems = {
      ...(certificate && { cert: await this.#readCertificates(certificate) }),
      ...(key && { key: await readSecret(key, this.#options.environment) }),
      ...(ca && { ca: await this.#readCertificates(ca) }),
    };
    return {
      secureContext: this.#secureContext(pems),
      secret: secret ? await readSecret(secret, this.#options.environment) : '',
    };
  }

  #secureContext(pems: {
    readonly cert?: string;
    readonly key?: string;
    readonly ca?: string;
  }): SecureContext {
    try {
      return createSecureContext({ ...pems, minVersion: 'TLSv1.2' });
    } catch (error) {
      const why = errnoOf(error) ?? 'unknown error';
      throw new Fault(
        'KEY_UNREADABLE',
        `${this.#options.name}: certificateFile and keyFile do not belong together, or are damaged (${why})`,
      );
    }
  }

  /** Certificates are no secret: others may read the file. */
  async #readCertificates(source: Source): Promise<string> {
    const credential = this.#credentialPath(source);
    const fromManager = credential === undefined ? undefined : await readIfThere(credential);
    const text = fromManager ?? (await readIfThere(source.file));
    if (text === undefined) throw new Fault('KEY_UNREADABLE', `${source.file} is missing`);
    try {
      // OpenSSL takes a text without any certificate for none at all.
      new X509Certificate(text);
      return text;
    } catch {
      throw new Fault('KEY_UNREADABLE', `${source.name}: there is no certificate in PEM in ${source.file}`);
    }
  }

  #credentialPath({ name }: Source): string | undefined {
    const folder = this.#options.environment.CREDENTIALS_DIRECTORY;
    return folder === undefined || folder === '' ? undefined : join(folder, name);
  }

  #source(kind: string, file: string): Source | undefined {
    if (file === '') return undefined;
    return { name: `${this.#options.name}-${kind}`, file: resolve(this.#options.home, file) };
  }
}

/** @returns the end of the credential's name, and the file */
function secretOf(settings: HttpsClientConfig): [string, string] {
  switch (settings.authentication) {
    case 'certificate':
      return ['', ''];
    case 'token':
      return ['token', settings.tokenFile];
    case 'oauth2':
      return ['client-secret', settings.clientSecretFile];
    case 'google-service-account':
      return ['service-account', settings.serviceAccountFile];
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
