import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Home, installAt, type Keys, type Settings } from '../scene/home.ts';
import { removeFolder, temporaryFolder } from '../scene/leavings.ts';
import type { BenchProcess } from '../scene/process.ts';

/** A spool that many hosts have mounted: each of them has a home of its own, with its configuration and keys. */
export class Site extends Home {
  readonly #hosts: Home[] = [];

  static async make({ ours, warehouse }: Keys): Promise<Site> {
    return new Site(await temporaryFolder(), ours, warehouse);
  }

  /** A host more, with the store at that URL. */
  async addHost(url: string, settings: Settings): Promise<Home> {
    const folder = join(this.home, `host-${this.#hosts.length + 1}`);
    await mkdir(folder);
    const host = new Home(folder, this.ours, this.warehouse);
    this.#hosts.push(host);
    await installAt(host, [
      [['store', 'url'], url],
      [['spool', 'folder'], join(this.home, 'spool')],
      ...settings,
    ]);
    return host;
  }

  /** Starts a daemon on each of the hosts. */
  everywhere(daemon: string): Promise<BenchProcess[]> {
    return Promise.all(this.#hosts.map((host, index) => host.daemon(daemon, `host-${index + 1}`)));
  }

  override async close(): Promise<void> {
    for (const host of this.#hosts) await host.close();
    await removeFolder(this.home);
  }
}
