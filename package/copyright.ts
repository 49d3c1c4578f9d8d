import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Who holds which rights, in the machine-readable form of Debian (copyright-format/1.0). Of what was not written by us the
 * full texts lie beside it in the program's folder.
 *
 * @param folder the program's
 */
export async function copyright(folder: string): Promise<string> {
  const installed = '/usr/lib/device-enrolment';
  const own = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: device-enrolment',
    '',
    'Files: *',
    'Copyright: The authors of device-enrolment',
    'License: Apache-2.0',
    ' On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.',
    '',
    `Files: .${installed}/node`,
    'Copyright: Node.js contributors, and the authors of the libraries within it',
    'License: MIT and others',
    ` ${installed}/node -p process.versions names the libraries; https://github.com/nodejs/node/blob/main/LICENSE`,
    ' has the texts.',
  ];
  const others = await packagesIn(join(folder, 'node_modules'));
  return `${[
    ...own,
    ...others.flatMap(({ name, path, license }) => [
      '',
      `Files: .${installed}/node_modules/${path}/*`,
      `Copyright: The authors of ${name}`,
      `License: ${license}`,
      ` The text is in ${installed}/node_modules/${path}/, where the package has one.`,
    ]),
  ].join('\n')}\n`;
}

interface Dependency {
  readonly name: string;
  /** Below the outermost node_modules. */
  readonly path: string;
  readonly license: string;
}

/** By their path; a package may have others in its own node_modules. */
async function packagesIn(modules: string): Promise<Dependency[]> {
  const entries = await readdir(modules, { recursive: true });
  const described = entries.filter((entry) =>
    /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(entry),
  );
  const found = await Promise.all(
    described.map(async (entry) => {
      const { name, license } = JSON.parse(await readFile(join(modules, entry), 'utf8')) as {
        name: string;
        license?: string;
      };
      return { name, path: dirname(entry), license: license ?? 'unknown' };
    }),
  );
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
