import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

import type { Clock } from '../runtime/clock.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import type { HttpsClientConfig } from '../runtime/https-schema.ts';
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

const lookEveryMilliseconds = 2000;

/**
 * The credentials of one server, read again when their files change. Somebody replaces certificate and key one after
 * the other, so what does not belong together yet is no reason to stop: what was read before is used until it does.
 */
export class CredentialFiles<Use> {
  readonly #options: CredentialOptions<Use>;
  readonly #sources: Readonly<Record<'certificate' | 'key' | 'ca' | 'secret', Source | undefined>>;
  #known: { readonly use: Use; readonly state: string } | undefined;
  /** The state of the files that were refused last. */
  #refused: string | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<Use> | undefined;

  constructor(options: CredentialOptions<Use>) {
    this.#options = options;
    const { settings } = options;
    this.#sources = {
      certificate: this.#source('certificate', settings.certificateFile),
      key: this.#source('key', settings.keyFile),
      ca: this.#source('ca', settings.caFile),
      secret: this.#source(...secretOf(settings)),
    };
  }

  /**
   * The same until the files have changed. They are looked at every two seconds at most.
   *
   * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED when none were read before
   */
  async current(): Promise<Use> {
    const isRecent = this.#options.clock.monotonic() - this.#lookedAt < lookEveryMilliseconds;
    if (this.#known && isRecent) return this.#known.use;
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<Use> {
    // Before the files are read: a change in between is seen at the next look.
    const state = await this.#state();
    this.#lookedAt = this.#options.clock.monotonic();
    const known = this.#known;
    if (known?.state === state) return known.use;
    try {
      const use = this.#options.make(await this.#read());
      this.#known = { use, state };
      return use;
    } catch (error) {
      const fault = toFault(error);
      if (!known) throw fault;
      if (this.#refused !== state) this.#options.onRefused(fault);
      this.#refused = state;
      return known.use;
    }
  }

  /** Whatever is done to a file changes its inode or the time of its last change (ctime), which nobody can set. */
  async #state(): Promise<string> {
    const paths = Object.values(this.#sources).flatMap((source) =>
      source ? [this.#credentialPath(source), source.file] : [],
    );
    const states = await Promise.all(
      paths.map(async (path) => {
        if (path === undefined) return '';
        const found = await stat(path, { bigint: true }).catch(() => undefined);
        return found ? `${found.ino}:${found.size}:${found.ctimeNs}` : '';
      }),
    );
    return states.join(' ');
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
