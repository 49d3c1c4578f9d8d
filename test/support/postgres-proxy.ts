import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What happens to a connection at the moment of a COMMIT: it is cut before the server has got it, or when the server has
 * done it and its answer is on the way; it is silent from then on, though the server has done it; or the server gets it only
 * when somebody says so.
 */
export type Accident = 'cut before' | 'cut after' | 'silent after' | 'held';

/** A simple query `commit`, as pg sends it (postgresql.org/docs/current/protocol-message-formats.html, Query). */
const commit = Buffer.from('commit\0');

interface Plan {
  readonly accident: Accident;
  /** COMMITs that go well before. */
  skip: number;
  readonly met: (link: Link) => void;
}

/** Stands between our processes and a PostgreSQL, and does what networks do. */
export class PostgresProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #links = new Set<Link>();
  #plan: Plan | undefined;
  /** Whether connections that are made now lead nowhere. */
  silentFromNow = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#take(client));
  }

  /** @param target port of the server */
  static async start(target: number): Promise<PostgresProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PostgresProxy(server, target);
  }

  /** The same database, by way of this. */
  through(url: string): string {
    const own = new URL(url);
    own.port = String((this.#server.address() as AddressInfo).port);
    return own.href;
  }

  /** Resolves when a COMMIT has met with it. @param skip so many go well before */
  atCommit(accident: Accident, skip = 0): Promise<Link> {
    return new Promise((met) => (this.#plan = { accident, skip, met }));
  }

  /** What was planned for a COMMIT is not done any more. */
  noAccident(): void {
    this.#plan = undefined;
  }

  /** Every connection that there is leads nowhere from now on: nothing is passed on, and nothing refused. */
  silence(): void {
    for (const link of this.#links) link.silent = true;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const link of this.#links) link.cut();
    await closed;
  }

  #take(client: Socket): void {
    const link = new Link(client, connect(this.#target, '127.0.0.1'), () => this.#duePlan());
    link.silent = this.silentFromNow;
    this.#links.add(link);
  }

  #duePlan(): Plan | undefined {
    const plan = this.#plan;
    if (plan === undefined || plan.skip-- > 0) return undefined;
    this.#plan = undefined;
    return plan;
  }
}

/** One connection. */
export class Link {
  silent = false;
  readonly #client: Socket;
  readonly #server: Socket;
  #held: Buffer | undefined;
  /** Gets the next answer, in place of the client. */
  #onAnswer: (() => void) | undefined;

  constructor(client: Socket, server: Socket, duePlan: () => Plan | undefined) {
    this.#client = client;
    this.#server = server;
    client.on('data', (bytes) => this.#ask(bytes, bytes.includes(commit) ? duePlan() : undefined));
    server.on('data', (bytes) => this.#answer(bytes));
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      // In silence, neither side hears that the other has gone.
      socket.on('close', () => this.silent || this.cut());
    }
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** The server gets the COMMIT that was held. */
  release(): void {
    if (this.#held) this.#server.write(this.#held);
    this.#held = undefined;
  }

  #ask(bytes: Buffer, plan: Plan | undefined): void {
    if (this.silent) return;
    switch (plan?.accident) {
      case undefined:
        this.#server.write(bytes);
        return;
      case 'cut before':
        this.cut();
        break;
      case 'held':
        this.silent = true;
        this.#held = bytes;
        break;
      case 'cut after':
      case 'silent after':
        this.#server.write(bytes);
        this.#onAnswer = () => {
          if (plan.accident === 'cut after') this.cut();
          else this.silent = true;
          plan.met(this);
        };
        return;
    }
    plan.met(this);
  }

  #answer(bytes: Buffer): void {
    if (this.#onAnswer) this.#onAnswer();
    else if (!this.silent) this.#client.write(bytes);
    this.#onAnswer = undefined;
  }
}
