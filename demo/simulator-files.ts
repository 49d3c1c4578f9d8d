import { generateKeyPair, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { z } from 'zod';

import type { Authority } from './certificates.ts';
import type { ServiceAccount } from './oauth2.ts';

/** Certificates and secrets of a simulated provider, and those with which its caller proves itself. */

const clientId = 'demo-client';
const clientEmail = 'demo@simulated.iam.gserviceaccount.com';

/** What callers prove themselves with, as the provider knows it. Empty where `--secrets` has none. */
export interface Secrets {
  /** Client id -> client secret. */
  readonly clients: Readonly<Record<string, string>>;
  readonly token: string;
  readonly serviceAccount: ServiceAccount;
}

/** Folders of the simulator, for its `--tls` and `--secrets`, and files of the caller, for `https` in its settings. */
export interface SimulatorFiles {
  readonly tls: string;
  readonly secrets: string;
  readonly caller: {
    readonly caFile: string;
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly tokenFile: string;
    readonly clientId: string;
    readonly clientSecretFile: string;
    /** In the form that Google gives out, with a token address to be set by `serviceAccountFor`. */
    readonly serviceAccountFile: string;
  };
  /** Writes the service account's key file for a simulator at that address. */
  serviceAccountFor(url: string): Promise<void>;
}

/**
 * Writes all of them below a folder.
 *
 * @param authority vouches for the server, and for the caller's certificate
 */
export async function writeSimulatorFiles(folder: string, authority: Authority): Promise<SimulatorFiles> {
  const [tls, secrets, caller] = ['tls', 'secrets', 'caller'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const write = (...[place, name, text]: [string, string, string]) =>
    writeFile(join(place, name), text, { mode: 0o600 });
  for (const place of [tls, secrets, caller]) await mkdir(place, { recursive: true, mode: 0o700 });
  const server = await authority.issue({ name: 'localhost', usage: 'server' });
  const client = await authority.issue({ name: 'demo-reseller', usage: 'client' });
  const [token, clientSecret] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
  const account = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await write(tls, 'ca.crt', authority.certificatePem);
  await write(tls, 'server.crt', server.certificatePem);
  await write(tls, 'server.key', server.keyPem);
  await write(secrets, 'clients.json', JSON.stringify({ [clientId]: clientSecret }));
  await write(secrets, 'token', token);
  await write(secrets, 'service-account.json', JSON.stringify({ clientEmail, publicKey: account.publicKey }));
  await write(caller, 'ca.crt', authority.certificatePem);
  await write(caller, 'client.crt', client.certificatePem);
  await write(caller, 'client.key', client.keyPem);
  await write(caller, 'token', token);
  await write(caller, 'client-secret', clientSecret);
  return {
    tls,
    secrets,
    caller: {
      caFile: join(caller, 'ca.crt'),
      certificateFile: join(caller, 'client.crt'),
      keyFile: join(caller, 'client.key'),
      tokenFile: join(caller, 'token'),
      clientId,
      clientSecretFile: join(caller, 'client-secret'),
      serviceAccountFile: join(caller, 'service-account.json'),
    },
    serviceAccountFor: (url) => {
      const file = {
        type: 'service_account',
        client_email: clientEmail,
        private_key_id: 'demo',
        private_key: account.privateKey,
        token_uri: `${url}/token`,
      };
      return write(caller, 'service-account.json', JSON.stringify(file));
    },
  };
}

/** The certificates of the server, for startHttpsSimulator. */
export async function readTls(folder: string, mutual: boolean) {
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return {
    cert: await read('server.crt'),
    key: await read('server.key'),
    ...(mutual ? { ca: await read('ca.crt') } : {}),
  };
}

/** `clients.json` (id to secret), `token`, and `service-account.json` (clientEmail, publicKey); each may be missing. */
export async function readSecrets(folder: string | undefined): Promise<Secrets> {
  const read = async (name: string, otherwise: string) => {
    const file = join(folder ?? '', name);
    return folder !== undefined && existsSync(file) ? (await readFile(file, 'utf8')).trim() : otherwise;
  };
  const account = z.strictObject({ clientEmail: z.string(), publicKey: z.string() });
  return {
    clients: z.record(z.string(), z.string()).parse(JSON.parse(await read('clients.json', '{}'))),
    token: await read('token', ''),
    serviceAccount: account.parse(
      JSON.parse(await read('service-account.json', '{"clientEmail":"","publicKey":""}')),
    ),
  };
}
