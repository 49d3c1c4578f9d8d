import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';

import type { ConsoleBrowser } from './console-browser.ts';
import { waitFor } from './wait-for.ts';

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Server-sent events as a browser reads them. */
export class EventStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** What has come so far. */
  text = '';
  ended = false;
  readonly #asking: ClientRequest;
  readonly #answer: IncomingMessage;
  #read = 0;

  private constructor(asking: ClientRequest, answer: IncomingMessage) {
    this.#asking = asking;
    this.#answer = answer;
    this.status = answer.statusCode ?? 0;
    this.headers = answer.headers;
    answer.on('error', () => undefined);
    answer.once('close', () => (this.ended = true));
  }

  /** @param headers beside the cookies of the browser */
  static async open(
    browser: ConsoleBrowser,
    path: string,
    { headers = {}, reads = true }: { headers?: Record<string, string>; reads?: boolean } = {},
  ): Promise<EventStream> {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const asking = request(browser.place.origin + path, { agent: false, headers: { cookie, ...headers } });
    asking.end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    asking.on('error', () => undefined);
    const stream = new EventStream(asking, answer);
    if (reads) answer.setEncoding('utf8').on('data', (text: string) => (stream.text += text));
    return stream;
  }

  /** The next message; heartbeats are none. @throws when the stream ends before */
  async next(): Promise<StreamEvent> {
    const block = await waitFor('a message', () => {
      const end = this.text.indexOf('\n\n', this.#read);
      if (end < 0 && this.ended) throw new Error(`it has ended: ${this.text}`);
      if (end < 0) return undefined;
      const found = this.text.slice(this.#read, end);
      this.#read = end + 2;
      return found.startsWith(':') ? undefined : found;
    });
    const fields = (name: string) =>
      block
        .split('\n')
        .filter((line) => line.startsWith(`${name}: `))
        .map((line) => line.slice(name.length + 2));
    return { event: fields('event').join(), id: fields('id').join(), data: fields('data').join('\n') };
  }

  /** Waits for the end. */
  async end(): Promise<void> {
    await waitFor('the end of the stream', () => this.ended || undefined);
  }

  /** Reads what has come so far, and all that comes. */
  resume(): void {
    this.#answer.resume();
  }

  close(): void {
    this.#asking.destroy();
  }
}
