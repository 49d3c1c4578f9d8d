import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeAuthority } from '../../../demo/certificates.ts';
import { startHttpsSimulator, type HttpsSimulator } from '../../../demo/https-simulator.ts';
import type { Service } from '../../../demo/service.ts';
import {
  readSecrets,
  readTls,
  writeSimulatorFiles,
  type Secrets,
  type SimulatorFiles,
} from '../../../demo/simulator-files.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

export interface Wanted {
  readonly json?: unknown;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Shows the caller's certificate; true unless it is said. */
  readonly certificate?: boolean;
}

/** Simulated providers with real certificates, and a caller who has what it needs to reach them. */
export class Simulated {
  readonly home: string;
  readonly files: SimulatorFiles;
  readonly #caller: Pick<RequestOptions, 'ca' | 'cert' | 'key'>;
  #running: HttpsSimulator[] = [];
  #url = '';
  /** What the simulators have logged. */
  readonly log: string[] = [];

  private constructor(
    home: string,
    files: SimulatorFiles,
    caller: Pick<RequestOptions, 'ca' | 'cert' | 'key'>,
  ) {
    this.home = home;
    this.files = files;
    this.#caller = caller;
  }

  static async make(): Promise<Simulated> {
    const home = await mkdtemp(join(tmpdir(), 'simulated-'));
    const files = await writeSimulatorFiles(home, await makeAuthority());
    const { caFile, certificateFile, keyFile } = files.caller;
    const [ca, cert, key] = await Promise.all(
      [caFile, certificateFile, keyFile].map((file) => readFile(file, 'utf8')),
    );
    await writeFile(join(home, 'rules.json'), '{}');
    return new Simulated(home, files, { ca: ca ?? '', cert: cert ?? '', key: key ?? '' });
  }

  get url(): string {
    return this.#url;
  }

  get rulesFile(): string {
    return join(this.home, 'rules.json');
  }

  /** Starts a provider, without rules, and directs calls to it. */
  async start(serviceFor: (secrets: Secrets) => Service<unknown>, mutualTls = false): Promise<void> {
    await this.rules({});
    const service = serviceFor(await readSecrets(this.files.secrets));
    const tls = await readTls(this.files.tls, mutualTls);
    const running = await startHttpsSimulator({
      service,
      tls,
      rulesFile: this.rulesFile,
      log: (line) => this.log.push(line),
    });
    this.#running.push(running);
    this.#url = running.url;
  }

  /** Directs calls to a simulator that runs elsewhere. */
  aim(url: string): void {
    this.#url = url;
  }

  rules(rules: object): Promise<void> {
    return writeFile(this.rulesFile, JSON.stringify(rules));
  }

  /** One call over a connection of its own. @throws when there is no whole answer */
  call(method: string, path: string, wanted: Wanted = {}): Promise<Reply> {
    const { json, headers = {}, certificate = true } = wanted;
    const body = json === undefined ? wanted.body : JSON.stringify(json);
    const type = wanted.type ?? (json === undefined ? undefined : 'application/json');
    const { ca, cert, key } = this.#caller;
    const options = {
      method,
      agent: false as const,
      ...(certificate ? { ca, cert, key } : { ca }),
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        'content-length': String(Buffer.byteLength(body ?? '')),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.#url), options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: parsed(text),
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** An access token by client credentials. */
  async token(): Promise<string> {
    const secret = await readFile(this.files.caller.clientSecretFile, 'utf8');
    const reply = await this.askForToken(this.files.caller.clientId, secret);
    return (reply.json as { access_token: string }).access_token;
  }

  askForToken(id: string, secret: string, grant = 'client_credentials'): Promise<Reply> {
    return this.call('POST', '/oauth2/token', {
      body: `grant_type=${grant}`,
      type: 'application/x-www-form-urlencoded',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    });
  }

  /** Ends what was started since the last time. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.close()));
    this.#running = [];
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
