import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { z } from 'zod';

import { RulesFile } from './rules-file.ts';
import type { Answer, Call, Service } from './service.ts';
import { RuleCounter, transportRules, type TransportRule } from './transport-rules.ts';

/** A simulated provider behind a real HTTPS server on this machine. */

const largestBody = 64 * 1024 * 1024;

export interface HttpsSimulatorOptions<Rules> {
  readonly service: Service<Rules>;
  /** PEM texts. With `ca`, clients must show a certificate of that authority, or the handshake fails. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** 0: any free port. */
  readonly port?: number;
  /** JSON, read anew for each call: the service's rules, and `transport`. */
  readonly rulesFile?: string;
  /** Gets one line for each call, without secrets. */
  readonly log?: (line: string) => void;
}

export interface HttpsSimulator {
  readonly url: string;
  /** Ends every connection, also those that wait for an answer. */
  close(): Promise<void>;
}

interface AllRules<Rules> {
  readonly transport: readonly TransportRule[];
  readonly ofService: Rules;
}

/** @throws when the port is taken, or the rules or certificates are not valid */
export async function startHttpsSimulator<Rules>(
  options: HttpsSimulatorOptions<Rules>,
): Promise<HttpsSimulator> {
  const { service, tls, port = 0, rulesFile, log = () => {} } = options;
  const rules = await RulesFile.open(rulesFile, (document) => readRules(service, document), log);
  const counter = new RuleCounter();
  const mutual = tls.ca !== undefined;
  const server = createServer({ ...tls, requestCert: mutual, rejectUnauthorized: mutual });
  server.on('request', (request, response) => {
    respond({ request, response, service, rules, counter, log }).catch((error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      response.destroy();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    close: () => close(server),
  };
}

function readRules<Rules>(service: Service<Rules>, document: unknown): AllRules<Rules> {
  const { transport, ...ofService } = z.looseObject({ transport: transportRules }).parse(document);
  return { transport, ofService: service.rules.parse(ofService) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Exchange<Rules> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: Service<Rules>;
  readonly rules: RulesFile<AllRules<Rules>>;
  readonly counter: RuleCounter;
  readonly log: (line: string) => void;
}

async function respond<Rules>(exchange: Exchange<Rules>): Promise<void> {
  const { request, response, service, rules, counter, log } = exchange;
  const call = await readCall(request);
  if (call === 'gone') return;
  if (call === 'too large') {
    // What was not read would be taken for the next call of the connection.
    send(response, { status: 413, headers: { connection: 'close' } });
    return;
  }
  const { transport, ofService } = await rules.current();
  const what = `${call.method} ${call.path}`;
  const rule = counter.next(transport, what);
  if (rule?.hangUpBefore) {
    log(`${what} hung up before`);
    response.destroy();
    return;
  }
  const answer = answerOfRule(rule) ?? service.answer(call, ofService);
  if (rule?.delaySeconds !== undefined) await pause(rule.delaySeconds * 1000, undefined, { ref: false });
  log(`${what} ${await deliver(response, answer, rule)}`);
}

/** Sends an answer, or what a rule makes of it. Returns what was done, for the log. */
async function deliver(
  response: ServerResponse,
  answer: Answer,
  rule: TransportRule | undefined,
): Promise<string> {
  if (rule?.stall) return 'stalled';
  if (rule?.hangUpAfter) {
    response.destroy();
    return 'hung up after';
  }
  if (rule?.cutBody) {
    cut(response, answer);
    return 'cut';
  }
  if (rule?.flood !== undefined) {
    await flood(response, rule.flood);
    return 'flooded';
  }
  const sent = rule?.notJson ? { ...answer, ...page } : answer;
  send(response, sent);
  return String(sent.status);
}

/** The whole call; or what became of it. */
async function readCall(request: IncomingMessage): Promise<Call | 'gone' | 'too large'> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > largestBody) return 'too large';
      parts.push(part);
    }
  } catch {
    return 'gone';
  }
  const url = new URL(request.url ?? '/', 'https://localhost');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(parts).toString('utf8'),
  };
}

const page = {
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Service</h1></body></html>',
};

function answerOfRule(rule: TransportRule | undefined): Answer | undefined {
  if (rule?.status === undefined) return undefined;
  const { status, retryAfter, location, body } = rule;
  const headers = {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(location === undefined ? {} : { location }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return { status, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** The body as bytes, and the headers that go with it. */
function wire({ headers = {}, body }: Answer) {
  const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
  const contentType = typeof body === 'object' ? { 'content-type': 'application/json;charset=utf-8' } : {};
  const bytes = Buffer.from(text);
  return { bytes, headers: { ...contentType, ...headers, 'content-length': String(bytes.length) } };
}

function send(response: ServerResponse, answer: Answer): void {
  const { bytes, headers } = wire(answer);
  // A 204 has neither body nor length.
  const { 'content-length': length, ...rest } = headers;
  response.writeHead(answer.status, answer.status === 204 ? rest : { ...rest, 'content-length': length });
  response.end(bytes);
}

/** Promises the whole body, and sends half of it. */
function cut(response: ServerResponse, answer: Answer): void {
  const { bytes, headers } = wire(answer);
  response.writeHead(answer.status, headers);
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}

/** JSON that begins well and does not end for a long time. */
async function flood(response: ServerResponse, megabytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"flood":"');
  const piece = Buffer.alloc(1024 * 1024, 'a');
  for (let sent = 0; sent < megabytes && !response.destroyed; sent += 1) {
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end('"}');
}
