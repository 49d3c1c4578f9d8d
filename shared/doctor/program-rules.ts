import { checksOf, type Check } from './check.ts';

/** Whether the program is as it should be, and the doctor is asked by the right one. Pure. */

const { ok, warning, wrong } = checksOf('Program');

/** @param needed like `>=24`, as package.json says it */
export function nodeCheck(version: string, path: string, needed: string): Check {
  const majorOf = (text: string) => Number(/\d+/.exec(text)?.[0] ?? 0);
  const found = `${version} (${path}); needed: ${needed}.`;
  return majorOf(version) >= majorOf(needed)
    ? ok('Node', found)
    : wrong('Node', found, 'Run npm ci in the program’s folder: it brings the right one.');
}

const othersMayWrite = 0o002;

export function programFilesCheck(
  folder: string,
  files: readonly { readonly path: string; readonly mode: number }[],
): Check {
  const open = files.filter(({ mode }) => (mode & othersMayWrite) !== 0).map(({ path }) => path);
  return open.length === 0
    ? ok('program files', `${folder}: nobody may change them but owner and group.`)
    : wrong(
        'program files',
        `Everybody may change ${open.join(', ')}, and so what runs with our keys.`,
        `chmod -R o-w ${folder}`,
      );
}

/** @param service whoever owns the spool */
export function userCheck(we: number, service: number): Check {
  const asService = `runuser -u "$(id -nu ${service})" -- enrol doctor`;
  if (we === 0 && service === 0) {
    return warning(
      'user',
      'The installation belongs to root, so that the daemons run as root.',
      'Give it to a user of its own: docs/install.md.',
    );
  }
  if (we === 0) {
    return warning(
      'user',
      `The doctor ran as root, who may do everything; the service is ${service}. What is said of rights goes by owners and modes.`,
      `Ask again as the service: ${asService}`,
    );
  }
  if (we !== service) {
    return warning(
      'user',
      `The doctor ran as ${we}, the installation belongs to ${service}. What is said of rights is true of ${we}.`,
      `Ask again as the service: ${asService}`,
    );
  }
  return ok('user', `The doctor ran as ${we}, to whom the installation belongs.`);
}
