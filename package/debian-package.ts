import { chmodSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { serviceUnits } from '../shared/operator/service-units.ts';
import { settle, type Making } from './making.ts';
import { project } from './program-tree.ts';
import { run } from './tools.ts';

/** Where everything is once it is installed. The maintainer's scripts and docs/package.md name the same. */
const home = '/var/lib/device-enrolment';
const user = 'device-enrolment';
const program = '/usr/lib/device-enrolment';

/** As Debian calls them. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const scripts = ['postinst', 'prerm', 'postrm'];

/**
 * Makes the Debian package out of the tree of a tarball, which is moved away.
 *
 * @param prefix that tree
 * @param root a folder for what the package has; it is made
 * @returns the package's path
 */
export async function makeDebianPackage(prefix: string, root: string, making: Making): Promise<string> {
  await mkdir(root);
  await rename(prefix, join(root, 'usr'));
  await copyFile(new URL('files/enrol-of-package', import.meta.url), join(root, 'usr', 'bin', 'enrol'));
  // zsh of Debian looks here.
  await rename(join(root, 'usr/share/zsh/site-functions'), join(root, 'usr/share/zsh/vendor-completions'));
  await writeUnits(join(root, 'usr', 'lib', 'systemd', 'system'));
  await writeLogRotation(join(root, 'etc', 'logrotate.d'));
  // The configuration is written by the program, too, and lies in its home; here is where people look for it.
  await symlink(`${home}/config`, join(root, 'etc', 'device-enrolment'));
  const architecture = architectures[process.arch] ?? process.arch;
  await writeControl(join(root, 'DEBIAN'), architecture, making);
  settle(root, making.epoch);
  const path = join(making.output, `device-enrolment_${debianVersion(making.version)}_${architecture}.deb`);
  run('dpkg-deb', ['--build', '--root-owner-group', ...compression(making), root, path], {
    env: { SOURCE_DATE_EPOCH: String(making.epoch) },
  });
  return path;
}

const compression = ({ uncompressed }: Making): string[] =>
  uncompressed === true ? ['-Znone'] : ['-Zxz', '-z3'];

/** What comes before a release is older than the release: `1.0.0-rc.1` is `1.0.0~rc.1`. */
export const debianVersion = (version: string): string => version.replace('-', '~');

async function writeUnits(folder: string): Promise<void> {
  const template = (name: string) => readFile(join(project, 'config', 'systemd', 'templates', name), 'utf8');
  const units = serviceUnits(
    { service: await template('service'), target: await template('target') },
    {
      user,
      group: user,
      home,
      instances: false,
      node: `${program}/node`,
      program: `${program}/bin/enrol.js`,
    },
  );
  for (const { path, text } of units) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** The sample of the project, for the package's home and user. */
async function writeLogRotation(folder: string): Promise<void> {
  const sample = await readFile(join(project, 'config', 'logrotate', 'device-enrolment'), 'utf8');
  const [, rules = ''] = sample.split(/(?:^#.*\n)+/m);
  const ours = rules.replace('/srv/enrol/', `${home}/`).replace('su enrol enrol', `su ${user} ${user}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'device-enrolment'),
    `# The files of log.folder, when that is var/log.\n${ours}`,
  );
}

async function writeControl(folder: string, architecture: string, { version }: Making): Promise<void> {
  await mkdir(folder);
  const control = [
    'Package: device-enrolment',
    `Version: ${debianVersion(version)}`,
    `Architecture: ${architecture}`,
    'Maintainer: Device Enrolment <device-enrolment@example.com>',
    'Section: net',
    'Priority: optional',
    // What Node and the driver of SQLite are linked to; the versions are those that their binaries ask for.
    'Depends: adduser, libc6 (>= 2.34), libgcc-s1, libstdc++6 (>= 8)',
    'Recommends: systemd (>= 250), logrotate',
    'Suggests: bash-completion, postgresql',
    'Description: device enrolment for customer care and billing',
    ' Takes dispatched sales orders to device enrolment providers (Apple, Google',
    ' zero-touch, Samsung Knox, Windows Autopilot and others) and brings the',
    ' outcome back to orders and devices. The Node.js runtime is part of it.',
    '',
  ];
  await writeFile(join(folder, 'control'), control.join('\n'));
  await writeFile(join(folder, 'conffiles'), '/etc/logrotate.d/device-enrolment\n');
  for (const name of scripts) {
    await copyFile(new URL(`files/${name}`, import.meta.url), join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
}
