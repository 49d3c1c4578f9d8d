import type { FastifyInstance, FastifyServerFactory } from 'fastify';
import { chmod } from 'node:fs/promises';
import { createServer as createPlain, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecure, Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { resolve } from 'node:path';

import type { Runtime } from '../shared/daemon/process.ts';
import { bug, errnoOf, Fault } from '../shared/runtime/faults.ts';
import { listenPlaceOf, type ListenPlace } from '../shared/runtime/listen-rules.ts';
import { readSecret } from '../shared/runtime/secrets.ts';
import type { StepResult, Task } from '../shared/runtime/task-loop.ts';
import { removeStale } from '../shared/runtime/unix-socket.ts';
import { createApp, type AppOptions } from './app.ts';
import { Certificate } from './certificate.ts';
import { removeOld } from './sessions.ts';

const seconds = {
  handshake: 10,
  head: 10,
  request: 30,
  idle: 60,
  /** For the answers under way when we are to end. */
  close: 10,
};
const connections = 256;
/** Between two rounds in which old sessions are removed. */
const tidyMinutes = 10;

const idle: StepResult = { worked: 0, refused: 0, waiting: 0 };

/** The console as a part of its process: it answers beside the loop, which only tidies up. */
export class ConsoleServer implements Task {
  readonly name = 'console';
  readonly #runtime: Runtime;
  readonly #app: FastifyInstance;
  readonly #certificate: Certificate | undefined;
  /** Connections over which nothing was asked yet. */
  readonly #unused = new Set<Socket>();
  #tidied = -Infinity;
  #port = 0;

  private constructor(runtime: Runtime, app: FastifyInstance, certificate: Certificate | undefined) {
    this.#runtime = runtime;
    this.#app = app;
    this.#certificate = certificate;
    const came = (socket: Socket) => {
      this.#unused.add(socket);
      socket.once('close', () => this.#unused.delete(socket));
    };
    app.server.on(app.server instanceof SecureServer ? 'secureConnection' : 'connection', came);
    app.server.on('request', ({ socket }: IncomingMessage) => this.#unused.delete(socket));
  }

  /**
   * Listens from now on.
   *
   * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED, LISTEN_FAILED
   */
  static async open(
    runtime: Runtime,
    options: Omit<AppOptions, 'secure' | 'behindServer' | 'serverFactory'> = {},
  ): Promise<ConsoleServer> {
    const { config, home } = runtime.loaded;
    const settings = config.console;
    const place = listenPlaceOf(settings.address);
    if (place === undefined) throw bug('the address was not checked');
    const tls = settings.certificateFile === '' ? undefined : await Certificate.read(runtime);
    const behindServer = 'path' in place;
    const { metricsTokenFile } = settings;
    const app = await createApp(runtime, {
      ...options,
      metricsToken:
        metricsTokenFile === ''
          ? undefined
          : await readSecret({ name: 'console-metrics-token', file: resolve(home, metricsTokenFile) }),
      secure: tls !== undefined || behindServer,
      behindServer,
      serverFactory: serverFactory(tls),
    });
    const server = new ConsoleServer(runtime, app, tls);
    await server.#listen('path' in place ? { path: resolve(home, place.path) } : place);
    return server;
  }

  async #listen(place: ListenPlace): Promise<void> {
    const { address } = this.#runtime.loaded.config.console;
    try {
      if ('path' in place) await removeStale(place.path);
      await this.#app.listen(place);
      // Whoever shares our group may reach it: the web server in front of it. The umask lets nobody in before.
      if ('path' in place) await chmod(place.path, 0o660);
    } catch (error) {
      await this.#app.close();
      if (error instanceof Fault) throw error;
      throw new Fault('LISTEN_FAILED', `${address}: ${errnoOf(error) ?? 'unknown error'}`, { cause: error });
    }
    if (!('path' in place)) ({ port: this.#port } = this.#app.server.address() as AddressInfo);
    this.#runtime.emit('console.listening', { address, ...(this.#port !== 0 && { port: this.#port }) });
  }

  get port(): number {
    return this.#port;
  }

  /** @throws Fault STORE_… */
  async step(): Promise<StepResult> {
    const { db, clock, loaded } = this.#runtime;
    const { server } = this.#app;
    if (server instanceof SecureServer) await this.#certificate?.renew(server);
    if (clock.monotonic() - this.#tidied < tidyMinutes * 60_000) return idle;
    await removeOld(db, loaded.config.console, clock.now());
    this.#tidied = clock.monotonic();
    return idle;
  }

  /** Ends when the answers under way are sent, or have taken too long. */
  async finish(): Promise<void> {
    const { server } = this.#app;
    const late = setTimeout(() => server.closeAllConnections(), seconds.close * 1000);
    const closed = this.#app.close();
    // Browsers open connections before they need them, for which nobody need wait.
    for (const socket of this.#unused) socket.destroy();
    await closed;
    clearTimeout(late);
  }
}

const serverFactory =
  (tls: Certificate | undefined): FastifyServerFactory =>
  (handler) => {
    const limits = {
      headersTimeout: seconds.head * 1000,
      requestTimeout: seconds.request * 1000,
      keepAliveTimeout: seconds.idle * 1000,
      connectionsCheckingInterval: 1000,
    };
    const server: Server = tls
      ? createSecure({ ...limits, ...tls.options, handshakeTimeout: seconds.handshake * 1000 }, handler)
      : createPlain(limits, handler);
    server.maxConnections = connections;
    server.setTimeout(seconds.idle * 1000);
    return server;
  };
