import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseDocument } from 'yaml';

import { generateOwnKey } from '../shared/pgp/generate.ts';
import { importPartnerKey } from '../shared/pgp/import-keys.ts';
import { loadKeyRing, type KeyRing } from '../shared/pgp/key-ring.ts';
import { exportPublicKey } from '../shared/pgp/list-keys.ts';
import type { SimulatorFiles } from './simulator-files.ts';

const enrolEntry = fileURLToPath(new URL('../bin/enrol.js', import.meta.url));
const simulatorOf = (id: string): string => fileURLToPath(new URL(`${id}-simulator.ts`, import.meta.url));
const run = promisify(execFile);

/** An installation of its own in a folder, with its processes; everything is done by the product's own commands. */
export class Installation {
  readonly home: string;
  readonly #children = new Map<string, ChildProcess>();

  constructor(home: string) {
    this.home = home;
  }

  readonly spool = (...path: string[]): string => join(this.home, 'spool', ...path);

  /** Runs `enrol` and returns what it printed. @throws with its error text when it fails */
  async enrol(...words: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [enrolEntry, '--home', this.home, ...words]);
    return stdout;
  }

  /** Starts `enrol <daemon>` as a process; its log goes to var/log/<daemon>.out. */
  async startDaemon(name: string): Promise<void> {
    await this.#start(name, [enrolEntry, name, '--home', this.home]);
  }

  /** Starts a provider at the other end of the spool. */
  async startFileSimulator(id: string, rules: object): Promise<void> {
    const provider = this.spool('provider', id);
    // It may be there before the adaptor's folders are.
    for (const folder of [['outbound'], ['inbound', 'in']])
      await mkdir(join(provider, ...folder), { recursive: true, mode: 0o750 });
    await this.#start(`provider-${id}`, [
      simulatorOf(id),
      ...['--outbound', join(provider, 'outbound')],
      ...['--inbound', join(provider, 'inbound', 'in')],
      ...['--rules', await this.#writeRules(id, rules)],
    ]);
  }

  /** Starts a provider behind an HTTPS server. @returns its address */
  async startHttpsSimulator(
    id: string,
    { tls, secrets }: Pick<SimulatorFiles, 'tls' | 'secrets'>,
    rules: object,
  ): Promise<string> {
    const name = `provider-${id}`;
    const rulesFile = await this.#writeRules(id, rules);
    await this.#start(name, [simulatorOf(id), '--tls', tls, '--secrets', secrets, '--rules', rulesFile]);
    for (;;) {
      const said = await readFile(this.#logOf(name), 'utf8');
      const url = /^listening on (\S+)$/m.exec(said)?.[1];
      if (url !== undefined) return url;
      if (this.ended().includes(name)) throw new Error(`${name} has ended: ${said}`);
      await pause(50);
    }
  }

  async #writeRules(id: string, rules: object): Promise<string> {
    const file = join(this.home, 'var', `rules-${id}.json`);
    await mkdir(join(this.home, 'var'), { recursive: true });
    await writeFile(file, JSON.stringify(rules));
    return file;
  }

  readonly #logOf = (name: string): string => join(this.home, 'var', 'log', `${name}.out`);

  async #start(name: string, words: string[]): Promise<void> {
    await mkdir(join(this.home, 'var', 'log'), { recursive: true });
    const log = openSync(this.#logOf(name), 'a');
    this.#children.set(name, spawn(process.execPath, words, { stdio: ['ignore', log, log] }));
  }

  /** Names of processes that have ended by themselves. */
  ended(): string[] {
    return [...this.#children].filter(([, child]) => child.exitCode !== null).map(([name]) => name);
  }

  /** Stops every process. Returns the exit code of each; null where a signal ended it. */
  async stop(): Promise<Record<string, number | null>> {
    const codes: Record<string, number | null> = {};
    for (const [name, child] of this.#children) {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }
      codes[name] = child.exitCode;
    }
    this.#children.clear();
    return codes;
  }

  /** Changes settings of config/enrol.yaml, given by their path; comments stay. */
  async configure(settings: readonly (readonly [path: string[], value: unknown])[]): Promise<void> {
    const file = join(this.home, 'config', 'enrol.yaml');
    const document = parseDocument(await readFile(file, 'utf8'));
    for (const [path, value] of settings) document.setIn(path, value);
    await writeFile(file, document.toString());
  }

  /** Drops a file as a careful sender does: under a name that is ignored, then renamed. */
  async drop(inbox: string, name: string, bytes: Uint8Array): Promise<void> {
    const draft = this.spool(inbox, 'in', `.${name}.part`);
    await writeFile(draft, bytes);
    await rename(draft, this.spool(inbox, 'in', name));
  }
}

/** A partner with a key of its own, which knows ours and calls us `cmp`. */
export async function makePartner(
  installation: Installation,
  name: string,
): Promise<{ ring: KeyRing; publicKeyFile: string }> {
  const folder = join(installation.home, 'var', `partner-${name}`);
  const passphrase = `only-for-the-demo-${name}`;
  await generateOwnKey({ folder, passphrase, name });
  const ours = await installation.enrol('keys', 'export', 'own');
  await importPartnerKey({ folder, party: 'cmp', armoredOrBinary: ours });
  const publicKeyFile = join(folder, 'public.asc');
  await writeFile(publicKeyFile, await exportPublicKey(folder, 'own'));
  return { ring: await loadKeyRing({ folder, passphrase }), publicKeyFile };
}
