import { once } from 'node:events';
import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Place {
  readonly origin: string;
  /** Certificate authority, where it is reached over TLS. */
  readonly ca?: string;
  readonly socketPath?: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** As much of a browser as the console needs: cookies, and forms that carry the token of the page they are on. */
export class ConsoleBrowser {
  readonly place: Place;
  readonly cookies = new Map<string, string>();
  csrf = '';

  constructor(place: Place) {
    this.place = place;
  }

  get(path: string, headers: Sent['headers'] = {}): Promise<Answer> {
    return this.send(path, { headers });
  }

  /** Sends a form as the page does. */
  post(
    path: string,
    fields: Readonly<Record<string, string>> = {},
    headers: Sent['headers'] = {},
  ): Promise<Answer> {
    const body = new URLSearchParams({ csrf: this.csrf, ...fields }).toString();
    const own = { 'content-type': 'application/x-www-form-urlencoded', origin: this.place.origin };
    return this.send(path, { method: 'POST', headers: { ...own, ...headers }, body });
  }

  /** The path goes out as it stands: no `..` is resolved. */
  async send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
    const { origin, ca, socketPath } = this.place;
    const { hostname, port, host } = new URL(origin);
    const options: RequestOptions & { ca?: string } = {
      ...(socketPath === undefined ? { hostname, port } : { socketPath }),
      ...(ca !== undefined && { ca }),
      path,
      method,
      agent: false,
      headers: withoutUndefined({
        host,
        ...(this.cookies.size > 0 && { cookie: this.#cookieHeader() }),
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      }),
    };
    const sending = (ca === undefined ? plainRequest : secureRequest)(options);
    sending.end(body);
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    sending.on('error', () => undefined);
    return this.#read(response);
  }

  #cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async #read(response: IncomingMessage): Promise<Answer> {
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const answer = {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: await text(response),
    };
    this.csrf = /name="csrf" value="([^"]+)"/.exec(answer.text)?.[1] ?? this.csrf;
    return answer;
  }

  async signIn(name: string, password: string, next = '/account'): Promise<Answer> {
    const answer = await this.post('/sign-in', { name, password, next });
    if (answer.status === 303) await this.get('/account');
    return answer;
  }
}

const withoutUndefined = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
