import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { program } from '../../bin/program.ts';
import { buildPackages, type Built } from '../../package/build.ts';
import { describeCommands } from '../../package/command-tree.ts';
import { debianVersion } from '../../package/debian-package.ts';
import { fencedIn, pages } from '../support/documents.ts';
import { filesUnder } from '../support/installation.ts';
import { noPackageRoot, PackageRoot } from '../support/package-root.ts';

/** What `npm run package` makes, and what real dpkg makes of it; `npm run package:check` is the long form. */

jest.setTimeout(300_000);

const version = '0.9.0-rc.1';
const missing = (tool: string) => spawnSync(tool, ['--version']).error !== undefined;
// What a machine cannot do is left out; the reporter names it, and under CI it fails.
const without = (reason: string | undefined) => {
  if (reason !== undefined) console.warn(`left out: ${reason}`);
  return reason === undefined ? test : test.skip;
};
const packageTest = without(missing('dpkg-deb') ? 'dpkg-deb is not installed' : undefined);
const rootTest = without(missing('dpkg-deb') ? 'dpkg-deb is not installed' : noPackageRoot());
const manualTest = without(missing('mandoc') ? 'mandoc is not installed' : undefined);
const shellTest = without(missing('shellcheck') ? 'shellcheck is not installed' : undefined);

let folder: string;
let files: readonly Built[];
/** Of the tarball, unpacked. */
let tree: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-package-test-'));
  if (missing('dpkg-deb')) return;
  ({ files } = await buildPackages({ output: join(folder, 'once'), version, uncompressed: true }));
  tool('tar', '--extract', '--directory', folder, '--file', file('.tar.gz'));
  tree = join(folder, basename(file('.tar.gz'), '.tar.gz'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (ending: string): string => files.find(({ path }) => path.endsWith(ending))?.path ?? '';

function tool(name: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, words, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  expect([name, status, stderr]).toEqual([name, 0, '']);
  return stdout;
}

packageTest('the same commit gives the same bytes, whatever the umask and the time zone', async () => {
  const before = { umask: process.umask(0o077), zone: process.env.TZ };
  process.env.TZ = 'Pacific/Auckland';
  try {
    const again = await buildPackages({ output: join(folder, 'again'), version, uncompressed: true });
    expect(again.files.map(({ sha256 }) => sha256)).toEqual(files.map(({ sha256 }) => sha256));
  } finally {
    process.umask(before.umask);
    if (before.zone === undefined) delete process.env.TZ;
    else process.env.TZ = before.zone;
  }
});

packageTest(
  'the tarball: what runs, and nothing that only engineers need; owned by root, written by nobody else',
  async () => {
    const listed = tool('tar', '--list', '--verbose', '--numeric-owner', '--file', file('.tar.gz')).trim();
    for (const line of listed.split('\n')) expect(line).toMatch(/^(d|-)rw(xr-xr-x|-r--r--) 0\/0 /);
    const inside = await filesUnder(join(tree, 'lib', 'device-enrolment'));
    const { devDependencies } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { devDependencies: object };
    for (const name of Object.keys(devDependencies))
      expect(inside.filter((path) => path.startsWith(`node_modules/${name}/`))).toEqual([]);
    const own = inside.filter((path) => !path.startsWith('node_modules/'));
    expect(new Set(own.map((path) => path.split('/')[0]))).toEqual(
      new Set(['LICENSE', 'bin', 'config', 'console', 'daemons', 'jobs', 'node', 'package.json', 'shared']),
    );
    expect(inside.filter((path) => /(^|\/)(var|secrets|\.npmrc|\.env)(\/|$)/.test(path))).toEqual([]);
  },
);

packageTest('it runs on its own Node, where there is no other', async () => {
  const home = join(folder, 'home');
  const enrol = (...words: string[]) =>
    spawnSync(join(tree, 'bin', 'enrol'), words, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  expect(enrol('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  expect(enrol('--help')).toMatchObject({ status: 0, stderr: '' });
  expect(enrol('--home', home, 'init')).toMatchObject({ status: 0, stderr: '' });
  expect(enrol('--home', home, 'keys', 'generate')).toMatchObject({ status: 0, stderr: '' });
  expect((await stat(join(home, 'var', 'enrol.db'))).mode & 0o777).toBe(0o640);
});

packageTest('every command is in the manual page, and bash completes it', async () => {
  const commands = describeCommands(await program());
  const manual = gunzipSync(await readFile(join(tree, 'share/man/man1/enrol.1.gz'))).toString();
  const completion = join(tree, 'share/bash-completion/completions/enrol');
  const complete = (...words: readonly string[]) =>
    tool(
      'bash',
      '-c',
      `. ${completion}; COMP_WORDS=(enrol "$@"); COMP_CWORD=$#; _enrol; echo "\${COMPREPLY[*]}"`,
      'bash',
      ...words,
    )
      .trim()
      .split(' ');
  for (const { path, usage, commands: inner } of commands)
    if (inner.length === 0) expect(manual).toContain(`.SS "enrol ${usage.replaceAll('-', '\\-')}"`);
    else expect(complete(...path, '')).toEqual(expect.arrayContaining([...inner]));
  expect(complete('--json', 'file', 'dis')).toEqual(['discard']);
  expect(complete('file', 'discard', '--rea')).toEqual(['--reason']);
});

manualTest('mandoc has nothing to say against the manual page', async () => {
  const page = gunzipSync(await readFile(join(tree, 'share/man/man1/enrol.1.gz'))).toString();
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: page, encoding: 'utf8' });
  expect(stdout).toBe('');
});

shellTest('shellcheck has nothing to say against the scripts', () => {
  const scripts = ['enrol', 'enrol-of-package', 'postinst', 'prerm', 'postrm'];
  tool(
    'shellcheck',
    ...scripts.map((name) => fileURLToPath(new URL(`../../package/files/${name}`, import.meta.url))),
  );
});

test('what comes before a release is older than it, for dpkg, too', () => {
  expect(debianVersion('1.0.0-rc.1')).toBe('1.0.0~rc.1');
  expect(debianVersion('1.0.0')).toBe('1.0.0');
});

/** What the unit of docs/backup.md runs every night, as its user; and its folder is gone again. */
function scheduledBackup(): string {
  const [unit = ''] = fencedIn(pages.get('docs/backup.md') ?? '')
    .filter(({ language }) => language === 'ini')
    .map(({ text }) => text);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  const folder = `install -d -o ${value('User')} -m 0700 /backup /backup/enrol`;
  const command = `runuser -u ${value('User')} -- env ${value('Environment')} ${value('ExecStart')}`;
  return `(${folder} && ${command} && rm -r /backup)`;
}

rootTest(
  'dpkg installs it, refuses to go on with an error, mends, removes and purges it; the store and keys stay',
  async () => {
    const root = await PackageRoot.make();
    try {
      tool('ln', file('.deb'), join(root.exchange, 'package.deb'));
      const play = (commands: readonly string[]) => {
        const { stdout, stderr } = root.run(
          'sh',
          '-c',
          commands.map((each) => `${each} 2>&1; echo "= $?"`).join('\n'),
        );
        expect(stderr).toBe('');
        const parts = stdout.split(/^= (\d+)\n/m);
        return commands.map((_, n) => ({ said: parts[2 * n] ?? '', code: Number(parts[2 * n + 1]) }));
      };
      const config = '/etc/device-enrolment/enrol.yaml';
      const [installed, keys, saved, owners, status, broken, mended] = play([
        'dpkg --install --force-depends /mnt/package.deb',
        'enrol keys generate',
        scheduledBackup(),
        'find /var/lib/device-enrolment ! -user device-enrolment -o ! -group device-enrolment',
        'enrol status --json >/dev/null; test ! -e /usr/lib/device-enrolment/node_modules/.cache',
        `echo 'stor: 1' >> ${config}; dpkg --install --force-depends /mnt/package.deb`,
        `sed -i '/^stor: 1/d' ${config}; dpkg --configure --force-depends device-enrolment`,
      ]);
      expect(installed).toMatchObject({ code: 0, said: expect.stringContaining('nothing runs yet') });
      expect(keys).toMatchObject({ code: 0, said: expect.stringMatching(/^own: [0-9a-f]{40}\n$/) });
      expect(saved).toMatchObject({ code: 0, said: expect.stringContaining('Saved: /backup/enrol/') });
      expect(owners).toEqual({ code: 0, said: '' });
      expect(status).toEqual({ code: 0, said: '' });
      expect(broken).toMatchObject({
        code: 1,
        said: expect.stringMatching(/CONFIG_INVALID[^]*Nothing is started/),
      });
      expect(mended).toMatchObject({ code: 0 });
      expect(mended?.said).not.toContain('nothing runs yet');

      const scripts = '/var/lib/dpkg/info/device-enrolment';
      const [units, upgrade] = play([
        // Root stays root, whatever stands before the command.
        `enrol --config ${config} service install --user device-enrolment --no-enable --directory /tmp/units >/dev/null
        stat --format=%U /tmp/units/enrol-console.service.d/10-configuration.conf`,
        // The target is active, and of the units all but one that somebody has stopped.
        `mkdir -p /run/systemd/system /tmp/bin
        cat >/tmp/bin/systemctl <<'TEXT'
#!/bin/sh
case "$*" in *extractor.service) echo inactive ;; show*) echo active ;; *) echo "$@" >>/tmp/asked ;; esac
TEXT
        chmod +x /tmp/bin/systemctl; export PATH=/tmp/bin:$PATH
        ${scripts}.prerm upgrade; ${scripts}.postinst abort-upgrade; cat /tmp/asked`,
      ]);
      expect(units).toEqual({ code: 0, said: 'root\n' });
      const running = ['loader', 'adaptor', 'scheduler', 'console'].map((name) => `enrol-${name}.service`);
      expect(upgrade?.said.trim().split('\n')).toEqual([
        ['stop', ...running].join(' '),
        'daemon-reload',
        ['start', ...running].join(' '),
      ]);

      const [removed, kept, purged] = play([
        'dpkg --remove device-enrolment',
        `grep -c . ${config.replace('/etc/device-enrolment', '/var/lib/device-enrolment/config')}`,
        'dpkg --purge device-enrolment',
      ]);
      expect(removed).toMatchObject({ code: 0, said: expect.not.stringContaining('not empty') });
      expect(kept?.code).toBe(0);
      expect(purged).toMatchObject({
        code: 0,
        said: expect.stringContaining('kept in /var/lib/device-enrolment'),
      });
      const left = (await root.changed()).filter((path) => !/^\/var\/(log|cache|lib\/dpkg)\//.test(path));
      expect(
        left.filter((path) => !path.startsWith('/etc/')).map((path) => path.replace(/[0-9a-f]{40}/, 'KEY')),
      ).toEqual([
        '/var/lib/device-enrolment/var/enrol.db',
        '/var/lib/device-enrolment/var/keys/own/KEY.asc',
        '/var/lib/device-enrolment/var/keys/own/revocations/KEY.asc',
        '/var/lib/device-enrolment/var/secrets/pgp-passphrase',
      ]);
      // Those of a user that stays.
      const accounts = /^\/etc\/((passwd|shadow|group|gshadow|subuid|subgid)-?|\.pwd\.lock)$/;
      expect(left.filter((path) => path.startsWith('/etc/') && !accounts.test(path))).toEqual([]);
    } finally {
      await root.close();
    }
  },
);
