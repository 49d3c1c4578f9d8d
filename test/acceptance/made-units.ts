import { fileURLToPath } from 'node:url';

import { readTemplates } from '../../shared/operator/service-install.ts';
import { serviceUnits, type UnitFile } from '../../shared/operator/service-units.ts';

export const unitsFolder = fileURLToPath(new URL('../../config/systemd/', import.meta.url));

/** The units in config/systemd, for a program in /usr/lib; `enrol service install` makes the same for the real places. */
export async function madeUnits(): Promise<UnitFile[]> {
  const templates = await readTemplates();
  const program = '/usr/lib/device-enrolment';
  const settings = {
    user: 'enrol',
    group: 'enrol',
    home: '/srv/enrol',
    node: `${program}/node_modules/node/bin/node`,
    program: `${program}/bin/enrol.js`,
  };
  return [false, true].flatMap((instances) => serviceUnits(templates, { ...settings, instances }));
}
