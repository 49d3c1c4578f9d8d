import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { readCompose, type Service } from './compose-file.ts';
import { readImage, type Copy } from './dockerfile.ts';
import { emptyHome, Program, type Ended, type TestInstallation } from './installation.ts';
import { namespace, noMounts } from './namespace.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** A process in a container. */
export interface Container {
  readonly service: string;
  /** Its hostname, which Docker would have chosen. */
  readonly host: string;
  readonly program: Program;
}

/**
 * The containers of compose.yaml without Docker: their commands are run as processes of this machine, each with a hostname
 * of its own, in a folder that holds what the Dockerfile copies and nothing else, and that can only be read. What a
 * container has mounted lies elsewhere here, and so does the server of the store.
 */
export class Containers {
  readonly compose = readCompose();
  readonly installation: TestInstallation;
  readonly #image = readImage();
  readonly #folder: string;
  readonly #storePort: number;
  readonly #containers: Container[] = [];

  private constructor(folder: string, installation: TestInstallation, storePort: number) {
    this.#folder = folder;
    this.installation = installation;
    this.#storePort = storePort;
  }

  /** @param store where its server listens on this machine, and the password that it wants */
  static async make(store: { readonly port: number; readonly password: string }): Promise<Containers> {
    const folder = await mkdtemp(join(tmpdir(), 'enrol-containers-'));
    const containers = new Containers(folder, await emptyHome(), store.port);
    await mkdir(join(folder, 'secrets'));
    await writeFile(join(folder, 'secrets', 'store-password'), `${store.password}\n`, { mode: 0o400 });
    await mkdir(containers.#app);
    for (const copy of containers.#image.copies) await carryOut(copy, containers.#app);
    return containers;
  }

  get #app(): string {
    return join(this.#folder, 'app');
  }

  service(name: string): Service {
    const found = this.compose.services[name];
    if (!found) throw new Error(`compose.yaml has no service ${name}`);
    return found;
  }

  /** Services that `docker compose up` starts from our own image, and that go on. */
  get daemons(): [name: string, service: Service][] {
    const { image } = this.service('init');
    return Object.entries(this.compose.services).filter(
      ([name, service]) => service.image === image && service.profiles.length === 0 && name !== 'init',
    );
  }

  /**
   * Starts a container of a service.
   *
   * @param host the one that was stopped, where that is started again
   */
  start(service: string, host = `${service}-${this.#containers.length}`): Container {
    return this.#run(service, host, [...this.#image.entrypoint, ...this.service(service).command]);
  }

  /** `docker compose run enrol …`, to its end. */
  enrol(...command: readonly string[]): Promise<Ended> {
    const host = `enrol-${this.#containers.length}`;
    return this.#run('enrol', host, [...this.#image.entrypoint, ...command]).program.exit;
  }

  /** Does once what Docker does again and again to know whether a container is well. */
  checkHealth({ service, host }: Container): Promise<Ended> {
    return this.#run(service, host, this.#image.healthcheck).program.exit;
  }

  #run(service: string, host: string, [node = '', ...words]: readonly string[]): Container {
    if (namespace === undefined) throw new Error(noMounts);
    if (node !== 'node') throw new Error(`${node} is not in the image`);
    const script = [
      'echo "$1" > /proc/sys/kernel/hostname',
      'mount --bind "$0" "$0"',
      'mount -o remount,bind,ro "$0"',
      'cd "$0"',
      'shift',
      'exec "$@"',
    ].join(' && ');
    const inside = ['sh', '-c', script, this.#app, host, process.execPath, ...words];
    const program = new Program([...namespace.unshare, '--uts', ...inside], {
      node: 'unshare',
      env: this.#environment(service),
    });
    const container = { service, host, program };
    this.#containers.push(container);
    return container;
  }

  #environment(service: string): NodeJS.ProcessEnv {
    const { environment, volumes } = this.service(service);
    const given: NodeJS.ProcessEnv = { ...this.#image.environment, ...environment };
    const home = volumes.find((volume) => volume.startsWith('home:'))?.split(':')[1];
    if (given.ENROL_HOME !== home) throw new Error(`${service}: the home is not on the volume`);
    if (given.CREDENTIALS_DIRECTORY !== '/run/secrets')
      throw new Error(`${service}: Docker puts secrets elsewhere`);
    return {
      ...given,
      ENROL_HOME: this.installation.home,
      CREDENTIALS_DIRECTORY: join(this.#folder, 'secrets'),
      ENROL_STORE_URL: given.ENROL_STORE_URL?.replace('@postgres:5432/', `@127.0.0.1:${this.#storePort}/`),
      // The tests' own; a container has none.
      NODE_COMPILE_CACHE: undefined,
    };
  }

  async close(): Promise<void> {
    for (const { program } of this.#containers) if (program.running) await program.end('SIGKILL');
    await this.installation.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function carryOut({ from, sources, target }: Copy, app: string): Promise<void> {
  if (from !== '') {
    if (sources.join() !== '/app/node_modules' || target !== 'node_modules')
      throw new Error(`unknown: ${sources.join()} of ${from}`);
    await copyProductionPackages(app);
    return;
  }
  for (const source of sources) {
    const name = target.endsWith('/') ? join(target, basename(source)) : target;
    await cp(join(project, source), join(app, name), { recursive: true });
  }
}

const lock = z.object({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })) });

/** What `npm ci --omit=dev` installs. */
async function copyProductionPackages(app: string): Promise<void> {
  const { packages } = lock.parse(JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')));
  for (const [path, { dev = false }] of Object.entries(packages)) {
    // Of some there is one for each kind of machine.
    if (path === '' || dev || !existsSync(join(project, path))) continue;
    // What lies in a package's own node_modules has an entry of its own.
    const filter = (source: string) => basename(source) !== 'node_modules';
    await cp(join(project, path), join(app, path), { recursive: true, filter });
  }
}
