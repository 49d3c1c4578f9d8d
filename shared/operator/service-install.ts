import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

import type { LoadedConfig } from '../runtime/config.ts';
import { syncFolder, writeNew } from '../runtime/durable.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';
import { dropIn } from './service-drop-in.ts';
import {
  plain,
  serviceName,
  serviceNames,
  serviceUnits,
  targetName,
  type ServiceSettings,
  type UnitFile,
  type UnitTemplates,
} from './service-units.ts';

/** The units of an installation, put where systemd looks for them. */

const templates = new URL('../../config/systemd/templates/', import.meta.url);

export const readTemplates = async (): Promise<UnitTemplates> => ({
  service: await readFile(new URL('service', templates), 'utf8'),
  target: await readFile(new URL('target', templates), 'utf8'),
});

/** Where systemd looks for units (systemd.unit(5)). */
export interface UnitFolders {
  /** Of administrators; what lies here has precedence. */
  readonly own: string;
  /** Of packages. */
  readonly packaged: string;
}

export const systemUnits: UnitFolders = {
  own: '/etc/systemd/system',
  packaged: '/usr/lib/systemd/system',
};

/** What is asked for at the command line. */
export interface ServiceWishes {
  readonly user: string;
  readonly group: string;
  /** The home is one of several beside each other: its folder's name is that of the instance. */
  readonly asInstance: boolean;
  readonly node: string;
  readonly program: string;
}

/** The units of an installation, by their names. */
export interface UnitNames {
  /** Undefined: there are no others beside it. */
  readonly instance: string | undefined;
  /** The target comes first: whatever is started or stopped with it follows. */
  readonly units: readonly string[];
}

export interface ServicePlan extends UnitNames {
  readonly files: readonly UnitFile[];
  /** Drop-ins that an earlier configuration has asked for, by their path. */
  readonly gone: readonly string[];
}

/** @throws Fault BAD_INPUT when the folder's name would have to be escaped in the name of a unit */
export function unitNames(home: string, asInstance: boolean): UnitNames {
  const instance = asInstance ? basename(home) : undefined;
  if (instance !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(instance))
    throw new Fault('BAD_INPUT', `${instance} cannot be an instance: letters, digits and . _ - only`);
  const services = serviceNames.map((service) => serviceName(service, asInstance, instance));
  return { instance, units: [targetName(asInstance, instance), ...services] };
}

/** What there is to write for an installation. @throws Fault BAD_INPUT */
export async function planServices(loaded: LoadedConfig, wishes: ServiceWishes): Promise<ServicePlan> {
  const { asInstance: instances, ...rest } = wishes;
  const names = unitNames(loaded.home, instances);
  const usual = join(loaded.home, 'config', 'enrol.yaml');
  if (instances && loaded.file !== usual)
    throw new Fault('BAD_INPUT', `an instance has its configuration in ${usual}, not in ${loaded.file}`);
  const settings: ServiceSettings = {
    ...rest,
    instances,
    home: instances ? dirname(loaded.home) : loaded.home,
    configFile: loaded.file === usual ? undefined : loaded.file,
  };
  const units = serviceUnits(await readTemplates(), settings);
  const dropIns = serviceNames.map((service) => ({
    path: dropInPath(serviceName(service, instances, names.instance)),
    text: dropIn(service, loaded, instances),
  }));
  return {
    ...names,
    files: [...units, ...dropIns.filter((file): file is UnitFile => file.text !== undefined)],
    gone: dropIns.filter((file) => file.text === undefined).map(({ path }) => path),
  };
}

const dropInPath = (unit: string): string => join(`${unit}.d`, '10-configuration.conf');

/**
 * Writes the units, each whole or not at all; a copy of an older one that hides the package's is taken away.
 *
 * @returns the files that were not so before: those that were written, and those that were taken away
 * @throws Fault NOT_ALLOWED when the units are those of another home, or nothing can be written there
 */
export async function writeServices(
  folder: string,
  plan: ServicePlan,
  packaged = systemUnits.packaged,
): Promise<{ written: string[]; removed: string[] }> {
  const written: string[] = [];
  const removed: string[] = [];
  try {
    await refuseOthers(folder, plan);
    for (const { path, text: wanted } of plan.files) {
      const file = join(folder, path);
      const there = await readIfThere(file);
      // A copy would stay as it is when the package brings a newer one.
      const isPackaged = (await readIfThere(join(packaged, path))) === wanted;
      if (there === (isPackaged ? undefined : wanted)) continue;
      if (isPackaged) {
        await rm(file);
        removed.push(file);
      } else {
        await replace(file, wanted);
        written.push(file);
      }
    }
    for (const path of plan.gone) {
      const file = join(folder, path);
      if ((await readIfThere(file)) === undefined) continue;
      await rm(file);
      removed.push(file);
    }
    return { written, removed };
  } catch (error) {
    throw toRefusal(folder, error);
  }
}

/**
 * Takes the units of an installation away; the templates of instances stay for the others.
 *
 * @returns the files that were there
 */
export async function removeServices(folder: string, { instance, units }: UnitNames): Promise<string[]> {
  const own = instance === undefined ? units : [];
  const removed: string[] = [];
  try {
    for (const path of [...own, ...units.map(dropInPath)]) {
      const file = join(folder, path);
      if ((await readIfThere(file)) === undefined) continue;
      await rm(file);
      removed.push(file);
    }
    for (const unit of units) await removeIfEmpty(join(folder, `${unit}.d`));
    return removed;
  } catch (error) {
    throw toRefusal(folder, error);
  }
}

/**
 * Whoever names another home than that of the units by mistake must not take them from it. All instances share one
 * template, and with it the folder of their homes and their user.
 */
async function refuseOthers(folder: string, { instance, files }: ServicePlan): Promise<void> {
  for (const { path, text: wanted } of files.filter((file) => file.path.endsWith('.service'))) {
    const known = await readIfThere(join(folder, path));
    const names = instance === undefined ? ['WorkingDirectory'] : ['WorkingDirectory', 'User'];
    if (known === undefined || settled(known, names) === settled(wanted, names)) continue;
    const what = `${join(folder, path)} is of`;
    throw new Fault(
      'NOT_ALLOWED',
      instance === undefined
        ? `${what} another home (${settled(known, names)}): enrol --home THAT service uninstall takes it away`
        : `${what} other instances (${settled(known, names)}): instances lie beside each other and have one user`,
    );
  }
}

/** Lines of a unit. */
const settled = (unit: string, names: readonly string[]): string =>
  unit
    .split('\n')
    .filter((line) => names.some((name) => line.startsWith(`${name}=`)))
    .join(', ');

/**
 * The units are those of this home, or there are none.
 *
 * @throws Fault NOT_ALLOWED
 */
export async function requireOwnUnits(folder: string, home: string, { instance }: UnitNames): Promise<void> {
  const path = serviceName('loader', instance !== undefined);
  const known = await readUnit({ own: folder, packaged: systemUnits.packaged }, path);
  const own = `WorkingDirectory=${instance === undefined ? plain(home) : `${plain(dirname(home))}/%i`}`;
  if (known === undefined || settled(known, ['WorkingDirectory']) === own) return;
  throw new Fault(
    'NOT_ALLOWED',
    `${path} is of another home (${settled(known, ['WorkingDirectory'])}), and not of ${home}`,
  );
}

/** Renamed into its place: systemd never reads half a unit. */
async function replace(file: string, wanted: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  const draft = `${file}.draft`;
  await rm(draft, { force: true });
  await writeNew(draft, wanted, 0o644);
  await rename(draft, file);
  await syncFolder(dirname(file));
}

/** The text of a unit or drop-in that counts; undefined: there is none. */
export const readUnit = async ({ own, packaged }: UnitFolders, path: string): Promise<string | undefined> =>
  (await readIfThere(join(own, path))) ?? (await readIfThere(join(packaged, path)));

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What an administrator has put beside our drop-in stays. */
async function removeIfEmpty(folder: string): Promise<void> {
  const left = await readdir(folder).catch(() => undefined);
  if (left?.length === 0) await rm(folder, { recursive: true });
}

function toRefusal(folder: string, error: unknown): unknown {
  const errno = errnoOf(error) ?? '';
  return ['EACCES', 'EPERM', 'EROFS'].includes(errno)
    ? new Fault('NOT_ALLOWED', `${folder} cannot be written by us (${errno}): root can`, { cause: error })
    : error;
}

/** Runs systemctl. @throws Fault NOT_ALLOWED with what it said */
export async function systemctl(...words: readonly string[]): Promise<void> {
  const said = await run('systemctl', words);
  if (said !== undefined) throw new Fault('NOT_ALLOWED', `systemctl ${words.join(' ')}: ${said}`);
}

/** @throws Fault BAD_INPUT when there is no such user or group: units of nobody cannot be started */
export async function requireAccount(kind: 'passwd' | 'group', name: string): Promise<void> {
  if ((await run('getent', [kind, name])) !== undefined)
    throw new Fault(
      'BAD_INPUT',
      `there is no ${kind === 'passwd' ? 'user' : 'group'} ${name} on this machine`,
    );
}

/** @returns why it has failed, in one line */
async function run(program: string, words: readonly string[]): Promise<string | undefined> {
  try {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const [said, [code]] = await Promise.all([text(child.stderr), ended]);
    return code === 0
      ? undefined
      : said.trim().replaceAll('\n', '; ') || `it ended with ${code ?? 'a signal'}`;
  } catch (error) {
    return errnoOf(error) ?? String(error);
  }
}
