import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import type { Authority, Issued } from '../../demo/certificates.ts';
import { HttpsClient, type HttpsClientOptions, type HttpsMessage } from '../../shared/https/client.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { httpsClient, type HttpsClientConfig } from '../../shared/runtime/https-schema.ts';
import { TestClock } from './temporary-spool.ts';

/** Stands in every secret of these tests, and in what is sent. */
export const canary = 'CANARY';

export const message = (fields: Partial<HttpsMessage> = {}): HttpsMessage => ({
  method: 'POST',
  path: '/orders',
  mediaType: 'application/json',
  content: `{"order":"${canary}-content"}`,
  ...fields,
});

export const settingsWith = (settings: Partial<HttpsClientConfig>): HttpsClientConfig => ({
  ...httpsClient().parse({}),
  ...settings,
});

/** A home with the files of one client, and the clients that use them. */
export class ClientHome {
  readonly folder: string;
  readonly clock = new TestClock();
  /** Faults of credentials that were not taken. */
  readonly refused: Fault[] = [];
  readonly #clients: HttpsClient[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  /** With the authority in `ca.pem`, and its certificate for a client in `certificate.pem` and `key.pem`. */
  static async create(authority: Authority, clientName = 'reseller'): Promise<ClientHome> {
    const home = new ClientHome(await mkdtemp(join(tmpdir(), 'https-')));
    await home.write('ca.pem', authority.certificatePem, 0o644);
    await home.writePair(await authority.issue({ name: clientName, usage: 'client' }));
    return home;
  }

  /** Replaced at once, as careful people do. */
  async write(name: string, text: string, mode = 0o600): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  }

  async writePair({ certificatePem, keyPem }: Issued): Promise<void> {
    await this.write('certificate.pem', certificatePem, 0o644);
    await this.write('key.pem', keyPem);
  }

  /** Shows the certificate and trusts the authority, unless the settings say otherwise. */
  client(settings: Partial<HttpsClientConfig>, options: Partial<HttpsClientOptions> = {}): HttpsClient {
    const files = { certificateFile: 'certificate.pem', keyFile: 'key.pem', caFile: 'ca.pem' };
    const client = new HttpsClient({
      settings: settingsWith({ ...files, ...settings }),
      home: this.folder,
      name: 'carrier',
      clock: this.clock,
      environment: {},
      onRefusedCredentials: (fault) => this.refused.push(fault),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async remove(): Promise<void> {
    for (const fault of this.refused) expectNoSecret(fault);
    await Promise.all(this.#clients.map((client) => client.close()));
    await rm(this.folder, { recursive: true });
  }
}

/** The fault of a call that fails; it is looked at for secrets, through and through. */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw thrown;
  expectNoSecret(thrown);
  return thrown;
}

function expectNoSecret(fault: Fault): void {
  const everything = inspect(fault, { showHidden: true, depth: Infinity, getters: true });
  if (/CANARY|PRIVATE KEY|Q0FOQVJZ/.test(everything)) throw new Error(`a secret is in ${everything}`);
}
