import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Installation } from '../../demo/installation.ts';
import { openInstallation } from '../../shared/store/installation.ts';
import { initialise } from '../../shared/operator/install.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { loadKeyRing, type KeyRing } from '../../shared/pgp/key-ring.ts';
import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { writeNewSecret } from '../../shared/runtime/secrets.ts';
import type { Db } from '../../shared/store/tables.ts';
import { namespace, noMounts } from './namespace.ts';
import type { PostgresStores } from './temporary-postgres.ts';
import { waitFor } from './wait-for.ts';

/** The product as it is installed and run: real files, real processes, real keys. */

export const enrolEntry = fileURLToPath(new URL('../../bin/enrol.js', import.meta.url));
export const daemons = ['loader', 'extractor', 'adaptor', 'scheduler'] as const;
export type DaemonName = (typeof daemons)[number];

/** A process that has ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process, with everything that it says. */
export class Program {
  readonly child: ChildProcess;
  readonly exit: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(
    words: readonly string[],
    options: { env?: NodeJS.ProcessEnv; node?: string; stdio?: StdioOptions; cwd?: string } = {},
  ) {
    const { env = {}, node = process.execPath, stdio = ['ignore', 'pipe', 'pipe'], cwd } = options;
    this.child = spawn(node, words, {
      stdio,
      env: { ...process.env, ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // `close`: the process has ended, and what it said has been read to the end.
    this.exit = once(this.child, 'close').then(() => ({
      code: this.child.exitCode,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Names of the events that it has logged. */
  get events(): string[] {
    return [...this.stdout.matchAll(/"event":"([a-z.-]+)"/g)].map(([, name]) => name ?? '');
  }

  /** Waits for a line of its log. @throws when it ends before */
  async logged(event: string): Promise<void> {
    await waitFor(`${event} in the log`, () => {
      if (this.events.includes(event)) return true;
      if (!this.running) throw new Error(`it ended before it logged ${event}:\n${this.stdout}${this.stderr}`);
      return undefined;
    });
  }

  /** Sends a signal, and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.exit;
  }
}

/** An installation in a folder of its own; `close` leaves nothing behind, neither file nor process. */
export class TestInstallation extends Installation {
  readonly #programs: Program[] = [];
  readonly #stores: Db[] = [];
  /** Its store on a server, if it has one of its own there. */
  #onServer: { readonly stores: PostgresStores; readonly url: string } | undefined;

  /** Gives it a store of its own on a server. */
  async useServer(stores: PostgresStores, url: string): Promise<void> {
    this.#onServer = { stores, url };
    await this.configure([[['store', 'url'], url]]);
  }

  /** Copies its store on the server, to which nobody is connected. @returns what puts the copy in its place */
  async saveStore(): Promise<() => Promise<void>> {
    if (!this.#onServer) throw new Error('its store is not on a server');
    const { stores, url } = this.#onServer;
    const saved = await stores.copy(url);
    return () => this.useServer(stores, saved);
  }

  /** The same installation once more, in a folder of its own. Nothing of it may run. */
  async copy(): Promise<TestInstallation> {
    const copy = await emptyHome();
    await cp(this.home, copy.home, { recursive: true });
    const { stores, url } = this.#onServer ?? {};
    if (stores && url !== undefined) await copy.useServer(stores, await stores.copy(url));
    return copy;
  }

  /** Starts `enrol`; it is killed at the latest by `close`. */
  start(words: readonly string[], options: ConstructorParameters<typeof Program>[1] = {}): Program {
    const program = new Program([enrolEntry, '--home', this.home, ...words], options);
    this.#programs.push(program);
    return program;
  }

  /** The same as on a host of another name. */
  startOn(host: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    if (namespace === undefined) throw new Error(noMounts);
    const rename = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"';
    const inside = ['sh', '-c', rename, host, process.execPath, enrolEntry, '--home', this.home, ...words];
    const program = new Program([...namespace.unshare, '--uts', ...inside], { node: 'unshare', env });
    this.#programs.push(program);
    return program;
  }

  /** Runs `enrol` to its end, however that is. */
  run(...words: string[]): Promise<Ended> {
    return this.start(words).exit;
  }

  /** Runs `enrol … --json`: its exit code and what it printed. @throws when that is not one JSON document */
  async json(...words: string[]): Promise<{ code: number | null; value: unknown }> {
    const { code, stdout, stderr } = await this.run(...words, '--json');
    try {
      return { code, value: JSON.parse(stdout) };
    } catch (error) {
      throw new Error(`not JSON: enrol ${words.join(' ')}: ${stdout}${stderr}`, { cause: error });
    }
  }

  /** The store, as a process of its own has it. */
  async store(): Promise<Db> {
    const { db } = await openInstallation({ home: this.home });
    this.#stores.push(db);
    return db;
  }

  /** Makes keys of our own. */
  async makeKeys(): Promise<void> {
    const file = join(this.home, 'var', 'secrets', 'pgp-passphrase');
    await writeNewSecret(file);
    const passphrase = (await readFile(file, 'utf8')).trim();
    await generateOwnKey({ folder: this.keys, passphrase, name: 'Test CMP' });
  }

  get keys(): string {
    return join(this.home, 'var', 'keys');
  }

  /** A partner that knows our key as `cmp`, and whose key we know; what it seals comes from it. */
  async addPartner(party: string, { known = true } = {}): Promise<KeyRing> {
    const folder = join(this.home, 'var', `partner-${party}`);
    await generateOwnKey({ folder, passphrase: 'partner', name: party });
    await importPartnerKey({
      folder,
      party: 'cmp',
      armoredOrBinary: await exportPublicKey(this.keys, 'own'),
    });
    const armoredOrBinary = await exportPublicKey(folder, 'own');
    if (known) await importPartnerKey({ folder: this.keys, party, armoredOrBinary });
    return loadKeyRing({ folder, passphrase: 'partner' });
  }

  /** What lies under a folder of the spool, by its path in there; sorted. */
  files(...path: string[]): Promise<string[]> {
    return filesUnder(this.spool(...path));
  }

  async close(): Promise<void> {
    for (const program of this.#programs) if (program.running) await program.end('SIGKILL');
    await this.stop();
    for (const db of this.#stores) await db.destroy();
    await this.#onServer?.stores.drop(this.#onServer.url);
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Everything at once, and nothing that has to be waited for. */
const quick: Parameters<Installation['configure']>[0] = [
  [['spool', 'scanSeconds'], 0.2],
  [['extractor', 'pollSeconds'], 0.1],
  [['scheduler', 'pollSeconds'], 0.1],
  [['retry', 'firstSeconds'], 0.2],
  [['inboxes', 'inboundSalesOrderDispatch', 'quietSeconds'], 0],
  [['inboxes', 'inboundDeviceEnrolment', 'quietSeconds'], 0],
  [['inboxes', 'outboundDeviceEnrolment', 'quietSeconds'], 0],
];

const apple = {
  format: 'apple',
  transport: 'spool',
  account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
  inbox: { encryption: 'none', quietSeconds: 0 },
  poll: { firstSeconds: 0, everySeconds: 1 },
};

/** An empty folder as the home of an installation. */
export const emptyHome = async (): Promise<TestInstallation> =>
  new TestInstallation(await mkdtemp(join(tmpdir(), 'enrol-')));

/**
 * An installation with a provider and with keys of ours; what `enrol init` and `enrol keys generate` make.
 *
 * @param store where its store is, or is to be made; otherwise it is the embedded one
 */
export async function install(store?: string | PostgresStores): Promise<TestInstallation> {
  const installation = await emptyHome();
  const config = join(installation.home, 'config');
  await mkdir(config);
  await copyFile(new URL('../../config/enrol.yaml', import.meta.url), join(config, 'enrol.yaml'));
  await installation.configure([...quick, [['providers'], { apple }]]);
  if (typeof store === 'object') await installation.useServer(store, await store.create());
  else if (store !== undefined) await installation.configure([[['store', 'url'], store]]);
  await initialise(installation.home, undefined);
  await installation.makeKeys();
  return installation;
}

/** The files under a folder, by their path in there; sorted. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Writes a file into the home, and returns its path. */
export async function writeInto(
  { home }: Installation,
  name: string,
  content: string | Uint8Array,
): Promise<string> {
  const path = join(home, name);
  await writeFile(path, content);
  return path;
}
