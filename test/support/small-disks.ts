import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { enrolEntry, install, Program, TestInstallation } from './installation.ts';
import { namespace, noMounts } from './namespace.ts';

/**
 * Small disks in memory that can really be full. They are mounted in a namespace of their own, which an ordinary user may
 * have too.
 */

/** Folder of the home -> its size in megabytes. */
type Sizes = Readonly<Record<string, number>>;

/** An installation of which some folders are disks of their own. All its processes run where these are mounted. */
export class SmallDisks extends TestInstallation {
  /** The home, as its processes see it. */
  readonly inside: string;
  readonly #holder: ChildProcess;
  readonly #enter: readonly string[];
  readonly #programs: Program[] = [];

  /** @param inside the home, as its processes see it */
  private constructor(inside: string, holder: ChildProcess, enter: readonly string[]) {
    // What a process sees can be looked at from outside.
    super(`/proc/${holder.pid ?? 0}/root${inside}`);
    this.inside = inside;
    this.#holder = holder;
    this.#enter = enter;
  }

  /** An installation with keys and a provider, its spool in `spool`, its store in `store`, its log in `log`. */
  static async make(
    sizes: Sizes,
    settings: Parameters<TestInstallation['configure']>[0],
  ): Promise<SmallDisks> {
    if (namespace === undefined) throw new Error(noMounts);
    const { home } = await install();
    for (const folder of ['spool', 'store', 'log']) {
      await rm(join(home, folder), { recursive: true, force: true });
      await mkdir(join(home, folder));
    }
    const mounts = Object.entries(sizes).map(
      ([folder, size]) => `mount -t tmpfs -o size=${size}m tmpfs '${join(home, folder)}'`,
    );
    const script = [...mounts, 'echo mounted', 'exec cat'].join(' && ');
    const holder = spawn('unshare', [...namespace.unshare, 'sh', '-c', script]);
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    if (said.toString() !== 'mounted\n') throw new Error(await text(holder.stderr));
    const enter = ['--target', String(holder.pid), ...namespace.nsenter, '--', process.execPath];
    const made = new SmallDisks(home, holder, enter);
    await made.configure([
      [['store', 'url'], 'sqlite:store/enrol.db'],
      [['log', 'folder'], 'log'],
      ...settings,
    ]);
    const { code, stderr } = await made.run('init');
    if (code !== 0) throw new Error(stderr);
    return made;
  }

  override start(words: readonly string[]): Program {
    const command = [...this.#enter, enrolEntry, '--home', this.inside, ...words];
    const program = new Program(command, { node: 'nsenter' });
    this.#programs.push(program);
    return program;
  }

  /** Fills the disk of a folder, but for so many kilobytes. */
  fill(folder: string, freeKilobytes = 0): void {
    const filler = this.#filler(folder);
    const file = openSync(filler, 'w');
    const page = Buffer.alloc(4096);
    let written = 0;
    try {
      for (;;) written += writeSync(file, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    truncateSync(filler, written - freeKilobytes * 1024);
    const { bavail, bsize } = statfsSync(join(this.home, folder));
    if (bavail * bsize > freeKilobytes * 1024) throw new Error(`${folder} has ${bavail * bsize} bytes free`);
  }

  makeRoom(folder: string): void {
    rmSync(this.#filler(folder));
  }

  #filler(folder: string): string {
    return join(this.home, folder, '.filler');
  }

  override async close(): Promise<void> {
    for (const program of this.#programs) if (program.running) await program.end('SIGKILL');
    this.#holder.stdin?.end();
    await once(this.#holder, 'exit');
    await rm(this.inside, { recursive: true, force: true });
  }
}
