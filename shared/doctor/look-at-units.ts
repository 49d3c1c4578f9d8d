import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { planServices, readUnit, type ServicePlan, type UnitFolders } from '../operator/service-install.ts';
import { plain, serviceName } from '../operator/service-units.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
import { checksOf, type Check } from './check.ts';
import { looking } from './looking.ts';

const services = checksOf('Services');

/** This program, as a unit starts it. */
export interface Program {
  readonly node: string;
  /** `bin/enrol.js`. */
  readonly program: string;
}

/** The units of systemd that are of this home, where there are any: nobody has to use them. */
export const lookAtUnits = (
  loaded: LoadedConfig,
  folders: UnitFolders,
  program: Program,
): Promise<readonly Check[]> =>
  looking(services, 'units', async () => {
    const found = await unitsOf(loaded.home, folders);
    if (found === undefined) return [];
    const plan = await planServices(loaded, { ...found, ...program });
    return [await contentCheck(plan, found, folders), await enabledCheck(plan, folders)];
  });

interface Installed {
  readonly asInstance: boolean;
  readonly user: string;
  readonly group: string;
}

/** Whether the units of a home are its own, or templates, and who runs them; undefined: there are none. */
async function unitsOf(home: string, folders: UnitFolders): Promise<Installed | undefined> {
  for (const asInstance of [false, true]) {
    const unit = (await readUnit(folders, serviceName('loader', asInstance))) ?? '';
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
    const place = asInstance ? `${plain(dirname(home))}/%i` : plain(home);
    if (value('WorkingDirectory') === place)
      return { asInstance, user: value('User'), group: value('Group') };
  }
  return undefined;
}

async function contentCheck(
  plan: ServicePlan,
  { asInstance, user, group }: Installed,
  folders: UnitFolders,
): Promise<Check> {
  const others: string[] = [];
  for (const { path, text } of plan.files) if ((await readUnit(folders, path)) !== text) others.push(path);
  for (const path of plan.gone) if ((await readUnit(folders, path)) !== undefined) others.push(path);
  if (others.length === 0) return services.ok('units', 'They are those of this program and configuration.');
  const words = ['--user', user, ...(group === user ? [] : ['--group', group])];
  const again = ['enrol service install', ...words, ...(asInstance ? ['--instance'] : [])].join(' ');
  return services.warning(
    'units',
    `Not as this program and this configuration ask for: ${others.join(', ')}.`,
    `Repeat ${again}, and restart what it has written.`,
  );
}

/** What `systemctl enable` makes by WantedBy= of the units: links beside the units of administrators. */
async function enabledCheck({ units }: ServicePlan, { own }: UnitFolders): Promise<Check> {
  const [target = ''] = units;
  const off: string[] = [];
  for (const unit of units) {
    const wantedBy = unit === target ? 'multi-user.target' : target;
    if (!(await isThere(join(own, `${wantedBy}.wants`, unit)))) off.push(unit);
  }
  return off.length === 0
    ? services.ok('units start with the machine', `${units.length} are enabled.`)
    : services.warning(
        'units start with the machine',
        `Not enabled: ${off.join(', ')}.`,
        `systemctl enable ${off.join(' ')}, if it was not meant so.`,
      );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
