import { createVerify } from 'node:crypto';

import { z } from 'zod';

import type { Answer, Call, Route, Surroundings } from './service.ts';

/** Gives out access tokens and knows them again, as the token endpoints of the providers do. */

export interface ServiceAccount {
  readonly clientEmail: string;
  /** PEM. */
  readonly publicKey: string;
}

/** Rules of a service that gives out tokens. */
export const tokenRules = {
  /** How long a token is valid. Tokens know it from when they were given out. */
  tokenSeconds: z.number().min(0).default(3600),
};
interface TokenRules {
  readonly tokenSeconds: number;
}

export class TokenOffice {
  readonly #surroundings: Surroundings;
  readonly #validUntil = new Map<string, number>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Is there a bearer token with the call, and is it valid? */
  knows({ headers }: Call): boolean {
    const token = /^Bearer ([\w.~+/-]+=*)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    return (this.#validUntil.get(token) ?? 0) > this.#surroundings.now().getTime();
  }

  /** Client credentials (RFC 6749, 4.4), with the client's id and secret in a basic authorisation. */
  clientCredentials(path: RegExp, secretOf: Readonly<Record<string, string>>): Route<TokenRules> {
    return tokenRoute(path, (form, call, rules) => {
      const { id, secret } = basicCredentials(call);
      if (id === '' || secretOf[id] !== secret) {
        const challenge = { 'www-authenticate': 'Basic realm="token"' };
        return { status: 401, headers: challenge, body: { error: 'invalid_client' } };
      }
      if (form.get('grant_type') !== 'client_credentials') return refused('unsupported_grant_type');
      return this.#giveOut(rules);
    });
  }

  /** The JWT bearer grant (RFC 7523) with which Google's service accounts get their tokens. */
  jwtBearer(path: RegExp, account: ServiceAccount, scope: string): Route<TokenRules> {
    return tokenRoute(path, (form, call, rules) => {
      if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
        return refused('unsupported_grant_type');
      const audience = `https://${call.headers.host ?? ''}${call.path}`;
      const wanted = { account, scope, audience, now: this.#surroundings.now().getTime() / 1000 };
      const wrong = wrongAssertion(form.get('assertion') ?? '', wanted);
      return wrong ?? this.#giveOut(rules);
    });
  }

  #giveOut({ tokenSeconds }: TokenRules): Answer {
    const token = `simulated.${this.#surroundings.newId()}`;
    this.#validUntil.set(token, this.#surroundings.now().getTime() + tokenSeconds * 1000);
    return {
      status: 200,
      body: { access_token: token, expires_in: Math.floor(tokenSeconds), token_type: 'Bearer' },
    };
  }
}

function tokenRoute(
  path: RegExp,
  grant: (form: URLSearchParams, call: Call, rules: TokenRules) => Answer,
): Route<TokenRules> {
  return {
    method: 'POST',
    path,
    takes: 'application/x-www-form-urlencoded',
    handle: (call, rules) => grant(new URLSearchParams(call.body), call, rules),
  };
}

const refused = (error: string, description = error): Answer => ({
  status: 400,
  body: { error, error_description: description },
});

/** Id and secret are form-encoded within the header (RFC 6749, 2.3.1). */
function basicCredentials({ headers }: Call): { id: string; secret: string } {
  const encoded = /^Basic (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const [id = '', secret = ''] = text
    .split(':')
    .map((part) => new URLSearchParams(`v=${part}`).get('v') ?? '');
  return { id, secret };
}

const assertionHeader = z.looseObject({ alg: z.literal('RS256') });
const assertionClaims = z.looseObject({
  iss: z.string(),
  scope: z.string(),
  aud: z.string(),
  iat: z.number().int(),
  exp: z.number().int(),
});

interface Wanted {
  readonly account: ServiceAccount;
  readonly scope: string;
  readonly audience: string;
  /** Seconds since 1970. */
  readonly now: number;
}

/** What is wrong with a signed assertion; undefined when nothing is. */
function wrongAssertion(assertion: string, wanted: Wanted): Answer | undefined {
  const [header = '', payload = '', signature = ''] = assertion.split('.');
  const claims = assertionClaims.safeParse(decode(payload));
  if (!assertionHeader.safeParse(decode(header)).success || !claims.success)
    return refused('invalid_grant', 'Bad request: the assertion is not a JWT of the form that is asked for');
  const { iss, scope, aud, iat, exp } = claims.data;
  if (iss !== wanted.account.clientEmail) return refused('invalid_grant', 'Not a valid email.');
  const signed = createVerify('RSA-SHA256').update(`${header}.${payload}`);
  if (!signed.verify(wanted.account.publicKey, signature, 'base64url'))
    return refused('invalid_grant', 'Invalid JWT Signature.');
  if (aud !== wanted.audience) return refused('invalid_grant', `Audience must be ${wanted.audience}`);
  const timely = iat <= wanted.now + 60 && exp > wanted.now && exp <= iat + 3600;
  if (!timely)
    return refused('invalid_grant', 'Invalid JWT: iat and exp must be within an hour, and now between');
  return scope.split(' ').includes(wanted.scope) ? undefined : refused('invalid_scope');
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
