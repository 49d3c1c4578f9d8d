import { createPrivateKey, type KeyObject } from 'node:crypto';

import { SignJWT } from 'jose';
import type { Dispatcher } from 'undici';
import { z } from 'zod';

import type { Clock } from '../runtime/clock.ts';
import { Fault } from '../runtime/faults.ts';
import type { HttpsClientConfig } from '../runtime/https-schema.ts';
import { exchange, type Reply } from './exchange.ts';

/** The header by which a call proves who we are; none when the certificate does. */
export interface Authorisation {
  /** @throws Fault PROVIDER_DENIES, PROVIDER_BUSY, PROVIDER_UNREACHABLE, PROVIDER_UNTRUSTED, KEY_UNREADABLE */
  header(signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The server refused a call (401) with that header: the next gets a new one, if there is any to be had. */
  refused(header: Readonly<Record<string, string>>): void;
}

export interface AuthorisationOptions {
  readonly settings: HttpsClientConfig;
  readonly name: string;
  readonly clock: Clock;
  readonly connections: Dispatcher;
  /** Of the credentials. */
  readonly secret: string;
}

/** @throws Fault KEY_UNREADABLE */
export function authorisationOf(options: AuthorisationOptions): Authorisation {
  const { settings, name, secret } = options;
  switch (settings.authentication) {
    case 'certificate':
      return fixedHeader({});
    case 'token':
      return fixedHeader({ [settings.tokenHeader.toLowerCase()]: headerText(name, 'tokenFile', secret) });
    case 'oauth2':
      return new AccessTokens(options, clientCredentials(settings, secret));
    case 'google-service-account':
      return new AccessTokens(options, serviceAccount(options));
  }
}

const fixedHeader = (header: Readonly<Record<string, string>>): Authorisation => ({
  header: () => Promise.resolve(header),
  refused: () => undefined,
});

/** What we say to the token server. */
interface Grant {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: () => Promise<Record<string, string>>;
}

/**
 * OAuth 2.0 client credentials (RFC 6749, 4.4). Our id and secret go into the Authorization header
 * (client_secret_basic): that is the one way that every token server must take (2.3.1).
 */
function clientCredentials({ tokenUrl, clientId, scope }: HttpsClientConfig, secret: string): Grant {
  const pair = [clientId, secret].map(formEncoded).join(':');
  return {
    url: tokenUrl,
    headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    form: () => Promise.resolve({ grant_type: 'client_credentials', ...(scope !== '' && { scope }) }),
  };
}

const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);

const hourSeconds = 3600;

/** Scope of the zero-touch reseller API (Google's documentation of the API, "Authorization"). */
const zeroTouchScope = 'https://www.googleapis.com/auth/androidworkprovisioning';

const serviceAccountFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string(),
  private_key_id: z.string().optional(),
  token_uri: z.url({ protocol: /^https$/ }),
});

/** A JWT in exchange for an access token (RFC 7523; Google, "Using OAuth 2.0 for Server to Server Applications"). */
function serviceAccount({ settings, name, clock, secret }: AuthorisationOptions): Grant {
  const file = readServiceAccount(name, secret);
  const scope = settings.scope === '' ? zeroTouchScope : settings.scope;
  const assertion = () => {
    const now = Math.floor(clock.now().getTime() / 1000);
    const { keyId } = file;
    return new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) })
      .setIssuer(file.email)
      .setAudience(file.tokenUrl)
      .setIssuedAt(now)
      .setExpirationTime(now + hourSeconds)
      .sign(file.key);
  };
  return {
    url: file.tokenUrl,
    headers: {},
    form: async () => ({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertion(),
    }),
  };
}

interface ServiceAccount {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly tokenUrl: string;
}

function readServiceAccount(name: string, text: string): ServiceAccount {
  try {
    const file = serviceAccountFile.parse(JSON.parse(text));
    const key = createPrivateKey(file.private_key);
    // RS256 is of RSA, and of 2048 bits at least (RFC 7518, 3.3).
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) {
      return { email: file.client_email, key, keyId: file.private_key_id, tokenUrl: file.token_uri };
    }
  } catch {
    // What was thrown may quote the key.
  }
  throw new Fault('KEY_UNREADABLE', `${name}: serviceAccountFile is no key file of a service account`);
}

/** A token is not used in its last minute, or half of its life if it is that short. */
const marginSeconds = 60;
/** When the token server does not say how long a token lives. */
const defaultLifeSeconds = 300;
const maxTokenAnswerBytes = 1024 * 1024;

const tokenAnswer = z.object({
  // Only what may stand in a header.
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().default(defaultLifeSeconds),
});

interface AccessToken {
  readonly header: Readonly<Record<string, string>>;
  readonly usableUntil: number;
}

/** Access tokens, kept for as long as they live and asked for once, however many calls wait. */
class AccessTokens implements Authorisation {
  readonly #options: AuthorisationOptions;
  readonly #grant: Grant;
  #token: AccessToken | undefined;
  #asking: Promise<AccessToken> | undefined;

  constructor(options: AuthorisationOptions, grant: Grant) {
    this.#options = options;
    this.#grant = grant;
  }

  async header(signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
    if (this.#token && this.#options.clock.monotonic() < this.#token.usableUntil) return this.#token.header;
    // The signal of the first: all callers are of one process, and it is stopped as a whole.
    this.#asking ??= this.#ask(signal).finally(() => (this.#asking = undefined));
    this.#token = await this.#asking;
    return this.#token.header;
  }

  refused(header: Readonly<Record<string, string>>): void {
    if (this.#token?.header === header) this.#token = undefined;
  }

  async #ask(signal?: AbortSignal): Promise<AccessToken> {
    const reply = await this.#exchange(signal);
    if (reply.status !== 200) throw this.#refusal(reply);
    const answer = tokenAnswer.safeParse(parsed(reply.body));
    if (!answer.success) throw this.#fault('PROVIDER_DENIES', 'gave no access token that we can use');
    const life = answer.data.expires_in;
    const usableSeconds = life - Math.min(marginSeconds, life / 2);
    return {
      header: { authorization: `Bearer ${answer.data.access_token}` },
      usableUntil: this.#options.clock.monotonic() + usableSeconds * 1000,
    };
  }

  async #exchange(signal?: AbortSignal): Promise<Reply> {
    const { connections, clock, name, settings } = this.#options;
    const { origin, pathname, search } = new URL(this.#grant.url);
    const outgoing = {
      name,
      origin,
      path: `${pathname}${search}`,
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...this.#grant.headers,
      },
      content: new URLSearchParams(await this.#grant.form()).toString(),
    };
    const limits = { answerSeconds: settings.answerSeconds, maxAnswerBytes: maxTokenAnswerBytes };
    try {
      return await exchange(connections, outgoing, limits, clock, signal);
    } catch (error) {
      if (!(error instanceof Fault) || !error.code.startsWith('ANSWER_')) throw error;
      // It is the answer of the token server that is lost: the request itself was not sent.
      throw new Fault('PROVIDER_UNREACHABLE', `no access token: ${error.detail}`);
    }
  }

  #refusal({ status, body }: Reply): Fault {
    const busy = status === 429 || status >= 500;
    const answer = z.object({ error: z.enum(grantErrors) }).safeParse(parsed(body));
    const why = answer.success ? ` ${answer.data.error}` : '';
    return this.#fault(busy ? 'PROVIDER_BUSY' : 'PROVIDER_DENIES', `gave no access token (${status}${why})`);
  }

  #fault(code: 'PROVIDER_BUSY' | 'PROVIDER_DENIES', detail: string): Fault {
    return new Fault(code, `${this.#options.name}: ${new URL(this.#grant.url).origin} ${detail}`);
  }
}

/** RFC 6749, 5.2. Other words of the server are not repeated. */
const grantErrors = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
] as const;

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A header takes visible characters and single spaces in between. */
function headerText(name: string, setting: string, text: string): string {
  if (/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text)) return text;
  throw new Fault('KEY_UNREADABLE', `${name}: ${setting} has characters that no header can carry`);
}
