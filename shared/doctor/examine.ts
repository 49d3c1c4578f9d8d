import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { roomOf } from '../daemon/room.ts';
import type { Place } from '../store/installation.ts';
import { listKeys } from '../pgp/list-keys.ts';
import { systemUnits, type UnitFolders } from '../operator/service-install.ts';
import { attempt } from '../probes/attempt.ts';
import { measureCertificates } from '../probes/certificates.ts';
import { standingReadings } from '../probes/place-rules.ts';
import type { Reading } from '../probes/probe.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConfigFault, loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
import { keysFolder, spoolFolder } from '../runtime/paths.ts';
import { checksOf, groups, type Check, type Group } from './check.ts';
import type { User } from './folder-rules.ts';
import { clockChecks, inotifyChecks, limitChecks, memoryCheck } from './host-rules.ts';
import { inotifyOf, isSetByTimesyncd, limitsOf, memoryMegabytes } from './look-at-host.ts';
import { lookAtKeys } from './look-at-keys.ts';
import { lookAtServers } from './look-at-servers.ts';
import { lookAtDisks, lookAtSpool } from './look-at-spool.ts';
import { lookAtStore } from './look-at-store.ts';
import { lookAtUnits } from './look-at-units.ts';
import { nodeCheck, programFilesCheck, userCheck } from './program-rules.ts';

const program = fileURLToPath(new URL('../../bin/enrol.js', import.meta.url));
const programFolder = fileURLToPath(new URL('../..', import.meta.url));

/** What the doctor has at hand. */
export interface Examination {
  readonly place: Place;
  readonly clock: Clock;
  /** No server is connected to, but the store. */
  readonly offline: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  readonly units?: UnitFolders;
}

/**
 * Looks at an installation from the outside: the program, the machine, and everything that the configuration names. What
 * cannot be looked at because something else is wrong is left out, or said not to be checked. Changes nothing, save that
 * a file is made in each tmp/ and removed again.
 *
 * @returns by group
 */
export async function examine({
  place,
  clock,
  offline,
  environment = process.env,
  units = systemUnits,
}: Examination): Promise<Check[]> {
  const begun = { wall: clock.now().getTime(), monotonic: clock.monotonic() };
  const { loaded, checks: configuration } = await configurationOf(place, environment);
  const user = await serviceUser(loaded, place);
  const found = loaded === undefined ? nothingFound : await lookAtStore(loaded, user, () => clock.now());
  const checks = [
    ...(await lookAtProgram(user)),
    ...configuration,
    ...(loaded === undefined
      ? notLookedAt
      : [
          ...found.checks,
          ...(await lookAtInstallation(loaded, user, clock, offline)),
          ...(await lookAtUnits(loaded, units, { node: process.execPath, program })),
        ]),
  ];
  const jump = (clock.now().getTime() - begun.wall - (clock.monotonic() - begun.monotonic)) / 1000;
  const host = await lookAtHost(user, found, { now: clock.now(), jump });
  return groups.flatMap((group) => [...checks, ...host].filter((check) => check.group === group));
}

const nothingFound: Awaited<ReturnType<typeof lookAtStore>> = {
  checks: [],
  processes: [],
  lastEntry: undefined,
};

const notLookedAt: readonly Check[] = (['Store', 'Spool', 'Disks', 'Keys', 'Servers'] as const).map((group) =>
  checksOf(group).notChecked('everything', 'The configuration is to be mended first.'),
);

async function configurationOf(
  { home, configFile }: Place,
  env: NodeJS.ProcessEnv,
): Promise<{ loaded?: LoadedConfig; checks: Check[] }> {
  const { ok, wrong } = checksOf('Configuration');
  try {
    const loaded = await loadConfig({ home, env, ...(configFile !== undefined && { file: configFile }) });
    return { loaded, checks: [ok('configuration', `${loaded.file} has no problems.`)] };
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    return { checks: [wrong('configuration', error.detail, error.action)] };
  }
}

/** Whoever owns the spool runs the service. Without a spool: whoever owns the home, else we ourselves. */
async function serviceUser(loaded: LoadedConfig | undefined, { home }: Place): Promise<User> {
  for (const path of [...(loaded ? [spoolFolder(loaded)] : []), home]) {
    const found = await stat(path).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    });
    if (found) return { uid: found.uid, gid: found.gid };
  }
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

async function lookAtProgram(user: User): Promise<Check[]> {
  const { engines } = JSON.parse(readFileSync(`${programFolder}/package.json`, 'utf8')) as {
    engines: { node: string };
  };
  const parts = ['.', 'package.json', 'bin', 'console', 'daemons', 'jobs', 'shared', 'node_modules'];
  const files = await Promise.all(
    parts.map(async (part) => {
      const path = part === '.' ? programFolder : `${programFolder}${part}`;
      return { path, mode: (await stat(path)).mode & 0o777 };
    }),
  );
  return [
    nodeCheck(process.version, process.execPath, engines.node),
    programFilesCheck(programFolder, files),
    userCheck(process.getuid?.() ?? 0, user.uid),
  ];
}

async function lookAtInstallation(
  loaded: LoadedConfig,
  user: User,
  clock: Clock,
  offline: boolean,
): Promise<Check[]> {
  const now = clock.now();
  const readings = standingReadings(
    {
      rooms: await attempt(() => roomOf(loaded)),
      keys: await attempt(() => listKeys(keysFolder(loaded), now)),
      certificates: await measureCertificates(loaded),
    },
    loaded.config.probes,
    now,
  );
  return [
    ...(await lookAtSpool(loaded, user, now)),
    ...(await lookAtDisks(loaded)),
    ...(await lookAtKeys(loaded, user)),
    ...(await lookAtServers(loaded, clock, offline)),
    ...readings.map(checkOf),
  ];
}

/** What a probe has found, as a check: targets are those of the probes. */
function checkOf({ kind, subject, state, sentence, target }: Reading): Check {
  const groupOf: Partial<Record<Reading['kind'], Group>> = { disk: 'Disks', key: 'Keys' };
  const { ok, warning, wrong } = checksOf(groupOf[kind] ?? 'Servers');
  const name = kind === 'disk' ? `${subject}: room` : `${kind} ${subject}`;
  const action = `It should be ${target} (settings of the probes: docs/probes.md).`;
  switch (state) {
    case 'green':
      return ok(name, sentence);
    case 'amber':
      return warning(name, sentence, action);
    case 'red':
    case 'unknown':
      return wrong(name, sentence, action);
  }
}

async function lookAtHost(
  user: User,
  { processes, lastEntry }: Pick<Awaited<ReturnType<typeof lookAtStore>>, 'processes' | 'lastEntry'>,
  clock: { readonly now: Date; readonly jump: number },
): Promise<Check[]> {
  const others = await Promise.all(processes.map(({ name, pid }) => limitsOf(pid, `${name} ${pid}`)));
  const ours = others.flat().length > 0 ? [] : await limitsOf('self', 'a process started from here');
  return [
    ...clockChecks({
      ...clock,
      programMade: (await stat(`${programFolder}/package.json`)).mtime,
      lastEntry,
      setByTimesyncd: await isSetByTimesyncd(),
    }),
    ...limitChecks([...others.flat(), ...ours]),
    memoryCheck(memoryMegabytes()),
    ...inotifyChecks(await inotifyOf(user.uid)),
  ];
}
