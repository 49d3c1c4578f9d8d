import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Server as AnyServer, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { makeAuthority, type Authority } from '../../demo/certificates.ts';

/** A request whose body was read to its end. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Name in the client's certificate; undefined without one. */
  readonly client: string | undefined;
}

export type Respond = (received: Received, response: ServerResponse) => void;

/** A real HTTPS server on this machine, with a real certificate. */
export class HttpsServer {
  readonly received: Received[] = [];
  /** Connections whose handshake is complete, and that are not closed. */
  readonly connections = new Set<TLSSocket>();
  readonly server: Server;
  connected = 0;
  respond: Respond;

  constructor(options: ServerOptions, respond: Respond) {
    this.respond = respond;
    this.server = createServer({ keepAliveTimeout: 60_000, ...options }, (request, response) => {
      this.#read(request, response).catch(() => response.destroy());
    });
    this.server.on('secureConnection', (socket: TLSSocket) => {
      this.connected++;
      this.connections.add(socket);
      socket.on('close', () => this.connections.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const { method = '', url = '', headers } = request;
    const client = request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined;
    const body = Buffer.concat(pieces).toString('utf8');
    const received = { method, path: url, headers, body, client: client?.subject.replace('CN=', '') };
    this.received.push(received);
    this.respond(received, response);
  }

  get url(): string {
    return `https://localhost:${portOf(this.server)}`;
  }

  async close(): Promise<void> {
    await endServer(this.server, this.connections);
  }
}

export const portOf = (server: AnyServer): number => (server.address() as AddressInfo).port;

/** Listens on any free port of this machine. */
export async function listening<S extends AnyServer>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export async function endServer(server: AnyServer, sockets: Iterable<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

/** A server of that authority that listens and answers everything with `ok`, until told otherwise. */
export async function startHttpsServer(
  authority: Authority,
  options: ServerOptions & { readonly name?: string; readonly notAfter?: Date } = {},
): Promise<HttpsServer> {
  const { name = 'localhost', notAfter, ...others } = options;
  const issued = await authority.issue({ name, usage: 'server', ...(notAfter && { notAfter }) });
  const tls = { cert: issued.certificatePem, key: issued.keyPem };
  const server = new HttpsServer({ ...tls, ...others }, (_, response) => response.end('ok'));
  await listening(server.server);
  return server;
}

/** Demands a certificate of the authority in the handshake. */
export const mutual = (authority: Authority): ServerOptions => ({
  ca: authority.certificatePem,
  requestCert: true,
  rejectUnauthorized: true,
});

let shared: Promise<Authority> | undefined;
/** One authority for the tests of a file. */
export const testAuthority = (): Promise<Authority> => (shared ??= makeAuthority('Test Authority'));
