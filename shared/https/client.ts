import type { Agent } from 'undici';

import type { Clock } from '../runtime/clock.ts';
import type { Fault } from '../runtime/faults.ts';
import type { HttpsClientConfig } from '../runtime/https-schema.ts';
import { authorisationOf, type Authorisation } from './access-token.ts';
import { connectionsWith } from './connections.ts';
import { CredentialFiles, type Credentials } from './credentials.ts';
import { exchange, type Reply } from './exchange.ts';

export type { Reply } from './exchange.ts';

export interface HttpsClientOptions {
  readonly settings: HttpsClientConfig;
  /** Files of secrets are relative to it. */
  readonly home: string;
  /** Whose server: for texts, and for the names of credentials (`<name>-key`). */
  readonly name: string;
  readonly clock: Clock;
  readonly environment?: NodeJS.ProcessEnv;
  /** New credentials are refused, and those of before are used. */
  readonly onRefusedCredentials?: (fault: Fault) => void;
}

export interface HttpsMessage {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Put behind the address of the server, with its query, encoded; empty, or begins with a slash. */
  readonly path: string;
  /** Of the content. */
  readonly mediaType: string;
  /** Empty: no body. */
  readonly content: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Connections that were made with the same credentials. */
interface Line {
  readonly connections: Agent;
  readonly authorisation: Authorisation;
  readonly calls: Set<Promise<Reply>>;
}

/**
 * Calls one server over HTTPS. What the server answers is a reply, whatever its status; redirects are not followed.
 * A fault tells whether the server can have got the request. Nothing is repeated here: that is for the caller.
 */
export class HttpsClient {
  readonly #options: HttpsClientOptions;
  readonly #url: URL;
  readonly #lines: CredentialFiles<Line>;
  readonly #closing = new Set<Promise<void>>();
  #line: Line | undefined;

  constructor(options: HttpsClientOptions) {
    this.#options = options;
    this.#url = new URL(options.settings.url);
    this.#lines = new CredentialFiles({
      ...options,
      make: (credentials) => this.#newLine(credentials),
      environment: options.environment ?? process.env,
      onRefused: options.onRefusedCredentials ?? (() => undefined),
    });
  }

  /**
   * Sends a message once.
   *
   * @throws Fault PROVIDER_UNREACHABLE, PROVIDER_UNTRUSTED, PROVIDER_DENIES, PROVIDER_BUSY (no access token),
   *   KEY_UNREADABLE, SECRET_EXPOSED: the server did not get the message. ANSWER_LOST, ANSWER_TOO_LARGE: it may have
   *   done what it says
   */
  async call(message: HttpsMessage, signal?: AbortSignal): Promise<Reply> {
    const line = await this.#lines.current();
    const call = this.#callOver(line, message, signal);
    line.calls.add(call);
    try {
      return await call;
    } finally {
      line.calls.delete(call);
    }
  }

  /** Waits for the calls under way, and ends the connections. */
  async close(): Promise<void> {
    this.#retire();
    await Promise.all(this.#closing);
  }

  async #callOver(line: Line, message: HttpsMessage, signal?: AbortSignal): Promise<Reply> {
    const { settings, name, clock } = this.#options;
    const authorisation = await line.authorisation.header(signal);
    const { method, content } = message;
    const outgoing = {
      name,
      origin: this.#url.origin,
      path: this.#pathOf(message),
      method,
      headers: { ...headersOf(message), ...authorisation },
      content,
    };
    const limits = {
      answerSeconds: settings.answerSeconds,
      maxAnswerBytes: settings.maxAnswerMegabytes * 1024 * 1024,
    };
    const reply = await exchange(line.connections, outgoing, limits, clock, signal);
    if (reply.status === 401) line.authorisation.refused(authorisation);
    return reply;
  }

  #pathOf({ path }: HttpsMessage): string {
    const base = this.#url.pathname;
    return path === '' ? base : `${base.replace(/\/+$/, '')}${path}`;
  }

  #newLine({ secureContext, secret }: Credentials): Line {
    const { settings, name, clock } = this.#options;
    const connections = connectionsWith(secureContext, settings);
    const authorisation = authorisationOf({ settings, name, clock, connections, secret });
    this.#retire();
    this.#line = { connections, authorisation, calls: new Set() };
    return this.#line;
  }

  /** The calls that were begun over the line go on to their end. */
  #retire(): void {
    const line = this.#line;
    if (!line) return;
    this.#line = undefined;
    const closing = Promise.allSettled(line.calls)
      .then(() => line.connections.close())
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function headersOf({ mediaType, content, headers = {} }: HttpsMessage): Record<string, string> {
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    'user-agent': 'device-enrolment',
    'accept-encoding': 'identity',
    ...(content.length > 0 && { 'content-type': mediaType }),
    ...(Object.fromEntries(own) as Record<string, string>),
  };
}
