import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { waitFor } from './wait-for.ts';

const script = fileURLToPath(new URL('private-systemd.sh', import.meta.url));
const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where cgroups of version 2 are on this machine. */
const cgroups = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];

/** Why no systemd can be started here; undefined where one can. */
export const noSystemd = ((): string | undefined => {
  if (process.geteuid?.() !== 0) return 'only root can start a systemd of its own';
  if (cgroups === undefined || !isWritable(cgroups)) return 'no cgroup of version 2 can be made';
  for (const tool of [
    '/usr/lib/systemd/systemd',
    'systemctl',
    'systemd-analyze',
    'systemd-notify',
    'systemd-creds',
    'unshare',
    'nsenter',
  ])
    if (spawnSync(tool, ['--version']).status !== 0) return `${tool} is not installed`;
  return undefined;
})();

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Programs find the project here. */
export const programInside = '/srv/program';
export const nodeInside = `${programInside}/node_modules/node/bin/node`;

/** A service manager that nobody else uses; `close` ends it with all that it has started. */
export class PrivateSystemd {
  readonly #starter: ChildProcess;
  readonly #cgroup: string;
  readonly #manager: number;
  /** Where units are looked for, when links are made to them. */
  readonly #unitFolders: readonly string[];
  #said: string;

  private constructor(
    starter: ChildProcess,
    cgroup: string,
    manager: number,
    unitFolders: readonly string[],
  ) {
    this.#unitFolders = unitFolders;
    this.#starter = starter;
    this.#cgroup = cgroup;
    this.#manager = manager;
    this.#said = '';
    for (const stream of [starter.stdout, starter.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** Among the files of this machine, with the project and homes in it. */
  static boot(homes: readonly string[]): Promise<PrivateSystemd> {
    return PrivateSystemd.start(
      (cgroup) => [script, cgroup, project, ...homes],
      ['/etc/systemd/system', '/run/systemd/system'],
    );
  }

  /** @param wordsFor what starts it as the first process of its namespace, in a cgroup that is to be made */
  static async start(
    wordsFor: (cgroup: string) => readonly string[],
    unitFolders: readonly string[],
  ): Promise<PrivateSystemd> {
    const cgroup = join(cgroups ?? '', `enrol-test-${process.pid}-${Date.now()}`);
    const starter = spawn('sh', wordsFor(cgroup), { stdio: ['ignore', 'pipe', 'pipe'] });
    const manager = await waitFor('a systemd', () => {
      if (starter.exitCode !== null) throw new Error('systemd could not be started');
      return childCalled('systemd', starter.pid ?? 0);
    });
    const systemd = new PrivateSystemd(starter, cgroup, manager, unitFolders);
    try {
      await waitFor('systemd to answer', () => systemd.#answers() || undefined, 60);
    } catch (error) {
      await systemd.close();
      throw error;
    }
    return systemd;
  }

  /** @throws when it has ended */
  #answers(): boolean {
    if (this.#starter.exitCode !== null) throw new Error(`systemd has ended: ${this.#said}`);
    // Degraded: a unit of that root has failed which has nothing to do with ours.
    return ['running', 'degraded'].includes(this.run('systemctl', 'is-system-running').stdout.trim());
  }

  /** Runs a program where it is. */
  run(...words: string[]): { code: number | null; stdout: string; stderr: string } {
    const namespaces = ['--mount', '--pid', '--cgroup', '--uts', '--ipc'];
    const env = {
      PATH: process.env.PATH,
      SYSTEMD_IGNORE_CHROOT: '1',
      SYSTEMD_UNIT_PATH: this.#unitFolders.join(':'),
    };
    const inside = ['--target', String(this.#manager), ...namespaces, 'env', '--chdir=/', ...words];
    const { status, stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8', env });
    return { code: status, stdout, stderr };
  }

  /** The same, which has to succeed. @returns what it printed */
  must(...words: string[]): string {
    const { code, stdout, stderr } = this.run(...words);
    if (code !== 0)
      throw new Error(`${words.join(' ')} ended with ${code}: ${stdout}${stderr}\n${this.#said}`);
    return stdout;
  }

  /** Properties of a unit, as `systemctl show` tells them. */
  show(unit: string, ...properties: string[]): Record<string, string> {
    const lines = this.must('systemctl', 'show', unit, `--property=${properties.join(',')}`)
      .trim()
      .split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** Pids as this machine counts them: of the main process of a unit. */
  mainPid(unit: string): number {
    const inside = this.show(unit, 'MainPID').MainPID ?? '0';
    const group = this.show(unit, 'ControlGroup').ControlGroup ?? '';
    const pids = readFileSync(join(this.#cgroup, group, 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n');
    const found = pids.find((pid) =>
      new RegExp(`^NSpid:.*\\t${inside}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8')),
    );
    if (found === undefined) throw new Error(`${unit} has no main process`);
    return Number(found);
  }

  async close(): Promise<void> {
    const ended = this.#starter.exitCode === null ? once(this.#starter, 'exit') : undefined;
    // With the first process of its namespace all others end.
    if (ended) process.kill(this.#manager, 'SIGKILL');
    await ended;
    await waitFor('its cgroups to be empty', () => removeGroups(this.#cgroup) || undefined);
  }
}

/** The script has other children before. */
function childCalled(name: string, parent: number): number | undefined {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean);
  // One that has ended meanwhile has no command.
  const commandOf = (pid: string) => spawnSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).stdout;
  const found = children.find((pid) => commandOf(pid).trim() === name);
  return found === undefined ? undefined : Number(found);
}

/** @returns false while something still ends in there */
function removeGroups(folder: string): boolean {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory() && !removeGroups(path)) return false;
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}
