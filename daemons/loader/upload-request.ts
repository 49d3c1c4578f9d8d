import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { sha256Of } from '../../shared/https/content-digest.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import { matchesPattern } from '../../shared/runtime/patterns.ts';
import { isAllowedName } from '../../shared/spool/names.ts';

/** A request that is not taken, with the answer to it. The text quotes nothing of the request. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

/** The head of a request, as far as it counts here. */
export interface Head {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** What the sender says of the file. */
export interface Announced {
  readonly name: string;
  /** SHA-256, hex, when the sender names it. */
  readonly digest?: string;
}

/** The one route: POST /<inbox>/<file name>. */
export interface Route {
  readonly inbox: string;
  readonly settings: Pick<InboxConfig, 'ignore' | 'maxFileMegabytes'>;
  /** What the header Authorization must be. */
  readonly token?: string | undefined;
}

/**
 * Looks at the head of a request before anything of its body is read; at the token first, so that strangers learn
 * nothing.
 *
 * @throws Refusal
 */
export function readHead({ method, url = '', headers }: Head, route: Route): Announced {
  if (route.token !== undefined && !isSame(headers.authorization ?? '', route.token)) {
    throw new Refusal(401, 'The token is missing or wrong.', { 'www-authenticate': 'Bearer' });
  }
  const prefix = `/${route.inbox}/`;
  if (!url.startsWith(prefix)) throw new Refusal(404, `There is only ${prefix}.`);
  if (method !== 'POST') throw new Refusal(405, 'Files are posted.', { allow: 'POST' });
  const name = url.slice(prefix.length);
  checkName(name, route.settings.ignore);
  checkContent(headers, route.settings.maxFileMegabytes * 1024 * 1024);
  const digest = sha256Of(String(headers['content-digest'] ?? ''));
  if (digest === null) throw new Refusal(400, 'Content-Digest: the SHA-256 cannot be read.');
  return { name, ...(digest !== undefined && { digest }) };
}

function checkName(name: string, ignore: readonly string[]): void {
  if (!isAllowedName(Buffer.from(name))) {
    throw new Refusal(
      400,
      'The name of a file has letters, digits, dot, underscore and hyphen, at most 200, and begins with one of the first two.',
    );
  }
  if (ignore.some((pattern) => matchesPattern(name, pattern))) {
    throw new Refusal(400, 'Files with names like this are ignored here, as work in progress.');
  }
}

function checkContent(headers: IncomingHttpHeaders, maxBytes: number): void {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal(415, 'The file must be sent as it is, without a content encoding.');
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

export const tooLarge = (maxBytes: number): Refusal =>
  new Refusal(413, `The file is larger than ${maxBytes} bytes, the limit here.`);

/** Takes the same time wherever the texts differ. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}
