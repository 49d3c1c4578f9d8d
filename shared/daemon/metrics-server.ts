import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import type { Emit } from '../runtime/events.ts';
import { errnoOf } from '../runtime/faults.ts';
import { listenPlaceOf, type ListenPlace } from '../runtime/listen-rules.ts';
import { removeStale } from '../runtime/unix-socket.ts';
import type { ProcessMetrics } from './process-metrics.ts';

/** Between two tries to listen: a process that ends has the address for a while. */
const retryMilliseconds = 10_000;

/** More than ask at once. */
const connections = 16;

/** The metrics of a process, for Prometheus. Whatever happens to them, the work goes on. */
export class MetricsServer {
  readonly metrics: ProcessMetrics;
  readonly #address: string;
  readonly #place: ListenPlace;
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;
  #hasFailed = false;

  private constructor(metrics: ProcessMetrics, address: string, place: ListenPlace) {
    this.metrics = metrics;
    this.#address = address;
    this.#place = place;
  }

  /** Does not listen yet. @returns undefined when the process is to tell none */
  static async of({ config, home }: LoadedConfig, daemon: string): Promise<MetricsServer | undefined> {
    const address = (config.metrics as Readonly<Record<string, string>>)[daemon] ?? '';
    const place = listenPlaceOf(address);
    if (place === undefined) return undefined;
    // Loaded only where it is used: every process starts sooner without.
    const { ProcessMetrics } = await import('./process-metrics.ts');
    const absolute = 'path' in place ? { path: resolve(home, place.path) } : place;
    return new MetricsServer(new ProcessMetrics(daemon), address, absolute);
  }

  /** Listens as soon as the address is free; what fails is told once. */
  async listen(emit: Emit): Promise<void> {
    const fail = (error: unknown) => {
      if (!this.#hasFailed) emit('metrics.failed', { address: this.#address, detail: textOf(error) });
      this.#hasFailed = true;
    };
    try {
      this.#server = await this.#open();
      // A connection that cannot be accepted, for want of descriptors, is no end of the process.
      this.#server.on('error', fail);
      const port = 'path' in this.#place ? undefined : (this.#server.address() as AddressInfo).port;
      emit('metrics.listening', { address: this.#address, ...(port !== undefined && { port }) });
    } catch (error) {
      fail(error);
      this.#retry = setTimeout(() => void this.listen(emit), retryMilliseconds).unref();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#server === undefined) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #open(): Promise<Server> {
    const { registry } = this.metrics;
    const server = createServer((request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    server.maxConnections = connections;
    if ('path' in this.#place) await removeStale(this.#place.path);
    server.listen(this.#place);
    await once(server, 'listening');
    // Whoever shares our group may ask. The umask lets nobody in before.
    if ('path' in this.#place) await chmod(this.#place.path, 0o660);
    return server;
  }
}

const textOf = (error: unknown): string =>
  errnoOf(error) ?? (error instanceof Error ? error.message : String(error));
