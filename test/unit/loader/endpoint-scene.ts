import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { Endpoint, type EndpointLimits } from '../../../daemons/loader/endpoint.ts';
import { makeAuthority, type Authority } from '../../../demo/certificates.ts';
import { openInbox } from '../../../shared/daemon/inboxes.ts';
import { inboxFolder } from '../../../shared/runtime/paths.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { makeInbox } from '../../../shared/spool/layout.ts';
import { filesUnder } from '../../support/temporary-spool.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

export const inboxName = 'inboundDeviceEnrolment';
/** What the header Authorization has to be. */
export const token = 'Bearer only-for-this-test';

/** Short enough for tests of what takes too long, long enough for a busy machine. */
const quick: EndpointLimits = {
  headSeconds: 5,
  idleSeconds: 5,
  requestSeconds: 20,
  lingerSeconds: 2,
  closeSeconds: 5,
  uploads: 4,
  connections: 16,
};

export interface SceneOptions {
  readonly proof?: 'token' | 'certificate' | 'both';
  readonly limits?: Partial<EndpointLimits>;
  /** Settings of the installation. */
  readonly config?: { readonly inboxes?: object; readonly spool?: object };
}

export interface Options extends Omit<RequestOptions, 'headers'> {
  readonly headers?: Readonly<Record<string, string | number>>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The endpoint of a loader on a free port, with an authority that vouches for it and its clients. */
export class EndpointScene {
  readonly runtime: TestRuntime;
  readonly inbox: Inbox;
  readonly endpoint: Endpoint;
  readonly authority: Authority;

  private constructor(runtime: TestRuntime, inbox: Inbox, endpoint: Endpoint, authority: Authority) {
    this.runtime = runtime;
    this.inbox = inbox;
    this.endpoint = endpoint;
    this.authority = authority;
  }

  static async open({
    proof = 'token',
    limits = {},
    config = {},
  }: SceneOptions = {}): Promise<EndpointScene> {
    const runtime = await testRuntime({
      store: { url: 'sqlite:enrol.db' },
      ...config,
      inboxes: {
        [inboxName]: { encryption: 'none', quietSeconds: 0, maxFileMegabytes: 1, ...config.inboxes },
      },
    });
    const { loaded } = runtime;
    await makeInbox(inboxFolder(loaded, inboxName));
    const inbox = await openInbox(runtime, inboxName, loaded.config.inboxes[inboxName]);
    const authority = await makeAuthority();
    const server = await authority.issue({ name: 'localhost', usage: 'server' });
    const secrets = join(loaded.home, 'secrets');
    await mkdir(secrets);
    const put = (name: string, content: string) => writeFile(join(secrets, name), content, { mode: 0o600 });
    await put('certificate.pem', server.certificatePem);
    await put('key.pem', server.keyPem);
    await put('client-ca.pem', authority.certificatePem);
    await put('token', `${token}\n`);
    const listen = {
      address: '127.0.0.1:0',
      certificateFile: 'secrets/certificate.pem',
      keyFile: 'secrets/key.pem',
      clientCaFile: proof === 'token' ? '' : 'secrets/client-ca.pem',
      tokenFile: proof === 'certificate' ? '' : 'secrets/token',
    };
    const endpoint = await Endpoint.open(runtime, inbox, listen, { ...quick, ...limits });
    return new EndpointScene(runtime, inbox, endpoint, authority);
  }

  get clientOptions(): RequestOptions {
    return { host: '127.0.0.1', port: this.endpoint.port, ca: this.authority.certificatePem };
  }

  /** Begins a request; the body is for the caller to send. */
  begin(name: string, options: Options = {}) {
    return request({
      ...this.clientOptions,
      method: 'POST',
      path: `/${inboxName}/${name}`,
      agent: false,
      ...options,
      headers: { authorization: token, ...options.headers },
    });
  }

  /** Posts a file as most senders do. @throws when the connection breaks before there is an answer */
  async post(name: string, body: string | Buffer, options: Options = {}): Promise<Answer> {
    const bytes = Buffer.from(body);
    const headers = { 'content-length': bytes.length, ...options.headers };
    const sending = this.begin(name, { ...options, headers });
    sending.end(bytes);
    return answerTo(sending);
  }

  /** What lies in a folder of the inbox. */
  files(folder: 'in' | 'tmp' | 'work' | 'done' | 'hold' | 'rejected'): Promise<string[]> {
    return filesUnder(this.inbox.folders[folder]);
  }

  /** Fields of the events of that name. */
  told(name: string): object[] {
    return this.runtime.events.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  async close(): Promise<void> {
    await this.endpoint.finish();
    await this.runtime.close();
  }
}

/** @throws when the connection breaks before there is an answer */
export async function answerTo(sending: ReturnType<typeof request>): Promise<Answer> {
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  // The server may end a connection over which we still send, as soon as it has answered.
  sending.on('error', () => undefined);
  return { status: response.statusCode ?? 0, text: await text(response), headers: response.headers };
}
