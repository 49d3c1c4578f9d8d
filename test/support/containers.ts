import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { readCompose, type ComposeFile, type Service } from './compose-file.ts';
import { readImage, type Copy, type Image } from './dockerfile.ts';
import { emptyHome, Program, type TestInstallation } from './installation.ts';
import { namespace, noMounts } from './namespace.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The containers of compose.yaml without Docker: their commands are run as processes of this machine, in a folder that
 * holds what the Dockerfile copies and nothing else, and that can only be read. What a container has mounted lies
 * elsewhere here, and its environment is changed accordingly.
 */
export class Containers {
  readonly compose: ComposeFile;
  readonly installation: TestInstallation;
  readonly #image: Image;
  readonly #folder: string;
  readonly #storeUrl: string;
  readonly #programs: Program[] = [];

  private constructor(folder: string, installation: TestInstallation, storeUrl: string) {
    this.compose = readCompose();
    this.#image = readImage();
    this.#folder = folder;
    this.installation = installation;
    this.#storeUrl = storeUrl;
  }

  /** @param storeUrl in place of the PostgreSQL of compose.yaml */
  static async make(storeUrl: string, password: string): Promise<Containers> {
    const folder = await mkdtemp(join(tmpdir(), 'enrol-containers-'));
    const containers = new Containers(folder, await emptyHome(), storeUrl);
    await mkdir(join(folder, 'secrets'));
    await writeFile(join(folder, 'secrets', 'store-password'), `${password}\n`, { mode: 0o400 });
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

  /** The services that are run from our own image. */
  get ours(): [name: string, service: Service][] {
    const image = this.service('init').image;
    return Object.entries(this.compose.services).filter(([, service]) => service.image === image);
  }

  /** Starts the container of a service. @param command in place of the service's own */
  start(name: string, command: readonly string[] = this.service(name).command): Program {
    return this.#run(name, [...this.#image.entrypoint, ...command]);
  }

  /** Does once what Docker does again and again to know whether the container is well. */
  checkHealth(name: string): Program {
    return this.#run(name, this.#image.healthcheck);
  }

  #run(name: string, [node = '', ...words]: readonly string[]): Program {
    if (namespace === undefined) throw new Error(noMounts);
    if (node !== 'node') throw new Error(`${node} is not in the image`);
    const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"';
    const program = new Program(
      [...namespace.unshare, 'sh', '-c', script, this.#app, process.execPath, ...words],
      { node: 'unshare', env: this.#environment(name) },
    );
    this.#programs.push(program);
    return program;
  }

  #environment(name: string): NodeJS.ProcessEnv {
    const { environment, volumes } = this.service(name);
    const given: NodeJS.ProcessEnv = { ...this.#image.environment, ...environment };
    const home = volumes.find((volume) => volume.startsWith('home:'))?.split(':')[1];
    if (home === undefined || given.ENROL_HOME !== home)
      throw new Error(`${name}: home is not on the volume`);
    if (given.CREDENTIALS_DIRECTORY !== '/run/secrets') throw new Error(`${name}: Docker has no such folder`);
    return {
      ...given,
      ENROL_HOME: this.installation.home,
      CREDENTIALS_DIRECTORY: join(this.#folder, 'secrets'),
      ENROL_STORE_URL: this.#storeUrl,
      // The tests' own; a container has none.
      NODE_COMPILE_CACHE: undefined,
    };
  }

  async close(): Promise<void> {
    for (const program of this.#programs) if (program.running) await program.end('SIGKILL');
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
