import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';

import { program } from '../../bin/program.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { loadKeyRing } from '../../shared/pgp/key-ring.ts';
import { exportPublicKey, listKeys, type KeyInfo } from '../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { commandBlocks, fencedIn, pages, quotedCommands, shownCommands } from '../support/documents.ts';
import {
  enrolWords,
  filledIn,
  inThisProcess,
  lineOf,
  refusalOf,
  Walk,
  type WalkPlan,
} from '../support/documented-walk.ts';
import { dispatchBytes, ordersFile } from '../support/dispatches.ts';
import { emptyHome, writeInto, type TestInstallation } from '../support/installation.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { TestProvider } from '../support/provider.ts';
import { shellCommands } from '../support/shell-words.ts';
import { MailServer } from '../support/smtp-server.ts';

/** Every command of the documents is one that there is, and is run here; what is not run is in `notRun`, with the reason. */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Commands that the walks do not run: the test that does, or why none does. */
const notRun: readonly (readonly [line: RegExp, because: string])[] = [
  [/^docker |^mkdir secrets$|^openssl |^sudo (chown|chmod) /, 'test/end-to-end/compose.test.ts'],
  [/^npm (ci|run demo|test)\b/, 'test/end-to-end/demo.test.ts'],
  [/^enrol --home \/tmp\/enrol-demo-/, 'test/end-to-end/demo.test.ts'],
  [/^npm run bench:hosts\b/, 'test/end-to-end/bench-hosts.test.ts'],
  [/^npm run bench\b/, 'test/end-to-end/bench.test.ts'],
  [/^node demo\//, 'test/unit/simulators/processes.test.ts'],
  [/^curl /, 'test/end-to-end/api.test.ts'],
  [/^(apt install|dpkg) /, 'test/end-to-end/package.test.ts'],
  [/^(systemctl|systemd-creds) |^rm \S+pgp-passphrase$/, 'test/end-to-end/systemd.test.ts'],
  [/^enrol (--home \S+ )?service /, 'test/end-to-end/systemd.test.ts'],
  [/^enrol (loader|extractor|adaptor|scheduler|up)$/, 'test/end-to-end/signals.test.ts'],
  [/^enrol loader --listen /, 'test/end-to-end/endpoint.test.ts'],
  [/^enrol (console$|user add )/, 'test/end-to-end/console.test.ts'],
  [/^enrol tail .*--follow/, 'test/end-to-end/tail.test.ts'],
  [/^enrol device trace ID --otlp /, 'test/end-to-end/device-trace.test.ts'],
  [/^enrol file (retry|hold|release|discard|reload|preview) /, 'test/end-to-end/by-hand.test.ts'],
  [/^enrol batch reprocess /, 'test/end-to-end/by-hand.test.ts'],
  [/^enrol request (ask|resend|settle) /, 'test/end-to-end/by-hand.test.ts'],
  [/^enrol (device unenrol|orders (void|override)) /, 'test/end-to-end/by-hand.test.ts'],
  [/^enrol user unlock /, 'test/unit/console/users.test.ts'],
  [/^enrol store copy /, 'test/end-to-end/store-copy.test.ts'],
  [/^pg_dump /, 'no client programs come with the server of the tests'],
  [/^(useradd|install|runuser) /, 'it would change the users of this machine'],
  [/^(\$EDITOR|editor) /, 'somebody types there'],
  [/^(export|exit) |^jq /, 'it is of the shell, or another program, and shows how ours is used'],
];

const isNotRun = (line: string): boolean => notRun.some(([begins]) => begins.test(line));

test('what is not run is in the documents, and the tests that run it are there', () => {
  const lines = [...pages.values()]
    .flatMap(shownCommands)
    .flatMap(({ text }) => shellCommands(text))
    .map(lineOf);
  expect(notRun.filter(([begins]) => !lines.some((line) => begins.test(line)))).toEqual([]);
  const tests = notRun.map(([, because]) => because).filter((because) => because.startsWith('test/'));
  expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

describe.each([...pages])('%s', (_, page) => {
  test('shows commands as they can be given', async () => {
    const commands = commandBlocks(page).flatMap(shellCommands).map(enrolWords);
    const refused = [];
    for (const words of commands) {
      const why = words && (await refusalOf(filledIn(words)));
      if (words && why !== undefined) refused.push(`${words.join(' ')}: ${why}`);
    }
    expect(refused).toEqual([]);
  });

  test('quotes only options that the command has', async () => {
    const enrol = await program();
    const unknown = quotedCommands(page).flatMap((command) => {
      const words = shellCommands(command)[0]?.words.slice(1) ?? [];
      let found: Command = enrol;
      for (const word of words) found = found.commands.find((each) => each.name() === word) ?? found;
      const known = [...found.options, ...enrol.options].flatMap(({ long, short }) => [long, short]);
      const given = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/[,;:.]$/, ''));
      return given
        .filter((word) => word !== '--help' && !known.includes(word))
        .map((word) => `${command}: ${word}`);
    });
    expect(unknown).toEqual([]);
  });
});

test.each([
  ['file retry 17', /required option '--reason/],
  ['statos', /unknown command/],
  ['doctor --ofline', /unknown option/],
  ['open', /missing required argument/],
])('what is no command is found out: %s', async (line, expected) => {
  expect(await refusalOf(line.split(' '))).toMatch(expected);
});

const textOf = (page: string): string => pages.get(page) ?? '';
const blocks = (page: string, language: string): string[] =>
  fencedIn(textOf(page))
    .filter((block) => block.language === language)
    .map(({ text }) => text);
const settingsOf = (page: string): Record<string, Record<string, unknown>> =>
  readYaml(blocks(page, 'yaml')[0] ?? '').value as Record<string, Record<string, unknown>>;

const run = (installation: TestInstallation, ...words: string[]) =>
  inThisProcess(['--home', installation.home, ...words]);

describe('the commands end as it is said, of', () => {
  /** Of the quick start: it has an order, its dispatch, and a request to the provider. */
  let installation: TestInstallation;
  const homes: TestInstallation[] = [];
  let mailServer: MailServer;
  const newHome = async (): Promise<TestInstallation> => {
    const home = await emptyHome();
    homes.push(home);
    return home;
  };
  beforeAll(async () => {
    installation = await newHome();
    mailServer = await MailServer.start();
  });
  afterAll(async () => {
    await mailServer.close();
    for (const home of homes) await home.close();
  });

  const order = { id: '884210', devices: ['ZZDEMO000001'] };

  /** The warehouse has a key, and its public part lies in the home. @returns the folder of its keys */
  async function makeWarehouse(at: TestInstallation): Promise<string> {
    await at.addPartner('warehouse', { known: false });
    const folder = join(at.home, 'var', 'partner-warehouse');
    await writeInto(at, 'warehouse.asc', await exportPublicKey(folder, 'own'));
    return folder;
  }

  test('docs/quick-start.md, which lead to a request for the provider, and its answer to the device', async () => {
    const page = 'docs/quick-start.md';
    const { providers } = settingsOf(page);
    const provider = new TestProvider(installation);
    const before = {
      'enrol keys import warehouse.asc --partner warehouse': async () => {
        const folder = await makeWarehouse(installation);
        await writeInto(installation, 'orders.json', ordersFile([order]));
        const ring = await loadKeyRing({ folder, passphrase: 'partner' });
        const sealed = await sealMessage(dispatchBytes(order), ring, { encryptTo: ['cmp'] });
        await writeInto(installation, 'dispatch.json.pgp', sealed);
      },
      'enrol config check': () => installation.configure([[['providers'], providers]]),
      'enrol device show ZZDEMO000001': async () => {
        expect((await provider.answerAll()).size).toBe(1);
        expect((await installation.run('adaptor', '--once')).code).toBe(0);
      },
    };
    expect(await new Walk(installation, { before }, isNotRun).run(textOf(page))).toEqual([]);
    const { said } = await run(installation, 'device', 'show', 'ZZDEMO000001');
    expect(said).toContain('Enrol Requested');
    expect(await requests()).toMatchObject([{ provider_id: 'apple', state: 'accepted' }]);

    // What the other pages take for granted.
    await mkdir(join(installation.home, 'backup'), { mode: 0o700 });
    const mail = { host: '127.0.0.1', port: mailServer.port, security: 'none' };
    const people = { from: 'enrol@example.com', to: ['operators@example.com'] };
    await installation.configure([[['probes', 'notices', 'mail'], { ...mail, ...people }]]);
  }, 180_000);

  const requests = async () =>
    JSON.parse((await run(installation, '--json', 'request', 'list')).said) as { transaction_id: string }[];

  const dispatches = 'inboundSalesOrderDispatch';
  const property = 'device.enrolment.response.event.success';

  /** What the words of the documents stand for in that installation. */
  const words: WalkPlan['words'] = {
    'file N': '1',
    'batch N': '1',
    'job N': '40',
    'job JOB': 'deviceEnrolmentRequest',
    'job …': '--none',
    'device ID': 'ZZDEMO000001',
    'device LK0002': 'ZZDEMO000001',
    'request ID': async () => (await requests())[0]?.transaction_id ?? '',
    'request tox4hf-2-1': async () => (await requests())[0]?.transaction_id ?? '',
    'explain FILE': () => dropAgain(),
    'open FILE': 'dispatch.json.pgp',
    'orders FILE': 'next.json',
    'orders FILE.json': 'next.json',
    'keys FILE': 'warehouse.asc',
    'keys NAME': 'warehouse',
    'property NAME': property,
    NAME: dispatches,
    '/backup/enrol': () => join(installation.home, 'backup'),
    '/backup/enrol/2026-…': () => newestBackup(),
    'backup FOLDER': () => join(installation.home, 'backup'),
    FOLDER: () => newestBackup(),
  };
  /** The same bytes once more. */
  const dropAgain = async () => {
    const file = installation.spool(dispatches, 'in', 'again.pgp');
    await copyFile(join(installation.home, 'dispatch.json.pgp'), file);
    return file;
  };
  const newestBackup = async () =>
    join(installation.home, 'backup', (await readdir(join(installation.home, 'backup'))).sort().at(-1) ?? '');

  /** No process runs between the walks. */
  const alarm = exitCodes.alarm.code;
  const ends = {
    'enrol health': alarm,
    'enrol probe list': alarm,
    'enrol --home /srv/enrol probe list': alarm,
    // Its bytes have come before.
    'enrol explain FILE': exitCodes.refused.code,
    'enrol explain FILE --inbox NAME': exitCodes.refused.code,
  };

  const loseStore = async (at: TestInstallation) => {
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(join(at.home, `var/enrol.db${end}`)))
        await rename(join(at.home, `var/enrol.db${end}`), join(at.home, `var/lost.db${end}`));
  };

  /** A file that waits to be taken in, and an order that is not there yet. */
  let orders = 884_300;
  const before: WalkPlan['before'] = {
    'enrol orders import FILE': () => newOrders(),
    'enrol orders import FILE.json': () => newOrders(),
    'enrol intake resume NAME': () =>
      run(installation, 'intake', 'pause', dispatches, '--reason', 'for a while'),
  };
  const newOrders = () =>
    writeInto(
      installation,
      'next.json',
      ordersFile([{ id: String(++orders), devices: [`ZZNEXT${orders}`] }]),
    );

  /** Pages that are walked in the installation of the quick start, and what happens on the way. */
  const standing: Readonly<Record<string, () => WalkPlan>> = {
    'docs/upgrade.md': () => ({
      before: {
        'enrol restore FOLDER --store-only --reason …': () => loseStore(installation),
      },
    }),
    'docs/configuration.md': () => ({
      before: {
        'enrol property reset NAME --reason': () =>
          run(installation, 'property', 'set', property, 'true', '--reason', 'to be taken back'),
      },
    }),
    'docs/logs.md': () => ({
      before: {
        'enrol tail': async () => {
          await installation.configure([
            [['log', 'folder'], 'var/log'],
            [['inboxes', dispatches, 'quietSeconds'], 0],
          ]);
          await dropAgain();
          expect((await installation.run('loader', '--once')).code).toBe(exitCodes.refused.code);
        },
      },
    }),
    // It has a key by then.
    'docs/troubleshooting.md': () => ({ ends: { 'enrol keys generate': exitCodes.failed.code } }),
    'docs/adding-a-provider.md': () => ({
      before: {
        'enrol config check': () =>
          installation.configure([
            [['providers', 'larkfield'], settingsOf('docs/adding-a-provider.md').providers?.larkfield],
          ]),
      },
    }),
  };

  /** Pages that have an installation of their own. */
  const apart = [
    'docs/quick-start.md',
    'docs/install.md',
    'docs/keys.md',
    'docs/backup.md',
    'docs/postgresql.md',
    'docs/package.md',
    'README.md',
  ];

  test.each([...pages.keys()].filter((page) => !apart.includes(page)))('%s', async (page) => {
    const plan = standing[page]?.() ?? {};
    const walk = new Walk(
      installation,
      { before: { ...before, ...plan.before }, words, ends: { ...ends, ...plan.ends } },
      isNotRun,
    );
    expect(await walk.run(textOf(page))).toEqual([]);
  });

  test('docs/install.md: the program on the path runs for whoever owns nothing of it', async () => {
    const fresh = await emptyHome();
    const [script] = fencedIn(pages.get('docs/install.md') ?? '').filter(
      ({ language }) => language === 'text',
    );
    const launcher = join(fresh.home, 'enrol');
    await writeFile(launcher, script?.text.replaceAll('/opt/device-enrolment', root.slice(0, -1)) ?? '');
    const answer = await asOrdinaryUser(fresh.home, () =>
      Promise.resolve(spawnSync('sh', [launcher, '--version'], { encoding: 'utf8' })),
    );
    await fresh.close();
    expect(answer).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/), stderr: '' });
  });

  test('docs/probes.md: the notice has arrived', () => {
    expect(mailServer.mails[0]).toMatchObject({ to: ['operators@example.com'] });
  });

  test('docs/schedules.md, with each kind of schedule', async () => {
    const rows = [...textOf('docs/schedules.md').matchAll(/^\| [^|]+ \| (`--[^|]+) \|/gm)];
    const options = rows.map(([, cell = '']) => cell.replace(/ or `last`,/, '').replaceAll('`', ''));
    expect(options).toHaveLength(6);
    const failed = [];
    for (const option of options) {
      const given = shellCommands(option)[0]?.words ?? [];
      const { code, said } = await run(
        installation,
        'job',
        'schedule',
        'set',
        'deviceEnrolmentRequest',
        ...given,
        '--reason',
        'x',
      );
      if (code !== 0) failed.push(`${option}: ${said}`);
    }
    expect(failed).toEqual([]);
  });

  test('docs/install.md, as far as a partner’s key is missing', async () => {
    const doctor = { 'enrol doctor': alarm, 'enrol doctor --offline': alarm };
    const fresh = await newHome();
    expect(await new Walk(fresh, { ends: doctor }, isNotRun).run(textOf('docs/install.md'))).toEqual([]);
    expect((await run(fresh, 'doctor')).said).toMatch(/KEY_MISSING: no key of warehouse/);
  });

  test('docs/package.md', async () => {
    const fresh = await newHome();
    await run(fresh, 'init');
    const newest = async () =>
      join(fresh.home, 'backup', (await readdir(join(fresh.home, 'backup')))[0] ?? '');
    const plan: WalkPlan = {
      words: {
        '/tmp/warehouse.asc': '/srv/enrol/warehouse.asc',
        '/backup/enrol': '/srv/enrol/backup',
        FOLDER: newest,
      },
      before: {
        'enrol keys import /tmp/warehouse.asc --partner warehouse': () => makeWarehouse(fresh),
        'enrol backup /backup/enrol': () => mkdir(join(fresh.home, 'backup'), { mode: 0o700 }),
        'enrol restore FOLDER --store-only --reason back to 0.1.0': () => loseStore(fresh),
      },
    };
    expect(await new Walk(fresh, plan, isNotRun).run(textOf('docs/package.md'))).toEqual([]);
  });

  test('docs/backup.md, which bring the installation into empty homes', async () => {
    const walk: Walk = new Walk(
      installation,
      {
        words,
        ends,
        before: {
          'enrol --home /srv/enrol restore /backup/enrol/2026-… --reason the disk died': () => elsewhere(),
          'enrol --home /srv/enrol restore FOLDER --reason …': () => elsewhere(),
          'enrol restore FOLDER': () => elsewhere(),
          'enrol restore FOLDER --store-only --reason …': () => loseStore(walk.installation),
        },
      },
      isNotRun,
    );
    const elsewhere = async () => {
      walk.installation = await newHome();
    };
    expect(await walk.run(textOf('docs/backup.md'))).toEqual([]);
    expect((await run(walk.installation, 'device', 'show', 'ZZDEMO000001')).said).toContain(
      'Enrol Requested',
    );
  });

  test('docs/postgresql.md', async () => {
    const page = 'docs/postgresql.md';
    const server = await PostgresServer.start();
    try {
      // The role of the page is that of the test’s administrator.
      for (const statement of (blocks(page, 'sql')[0] ?? '').trim().split('\n'))
        await server.query(statement.replaceAll(/\benrol\b/g, 'page'));
      const { store } = settingsOf(page) as { store: { url: string; passwordFile: string } };
      const url = new URL(store.url);
      url.host = `127.0.0.1:${server.port}`;
      url.username = url.pathname = 'page';
      url.search = '';
      const fresh = await newHome();
      await mkdir(join(fresh.home, 'config'));
      await copyFile(join(root, 'config', 'enrol.yaml'), join(fresh.home, 'config', 'enrol.yaml'));
      await mkdir(join(fresh.home, 'var', 'secrets'), { recursive: true });
      await writeFile(join(fresh.home, store.passwordFile), '…', { mode: 0o600 });
      await fresh.configure([[['store'], { ...store, url: url.href }]]);
      expect(await new Walk(fresh, {}, isNotRun).run(textOf(page))).toEqual([]);
      expect(await server.query('select * from device', 'page')).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test('README.md, for a new installation and day to day', async () => {
    const fresh = await newHome();
    const walk: Walk = new Walk(
      fresh,
      {
        words,
        ends,
        before: {
          ...before,
          'enrol keys import warehouse.asc --partner warehouse': () => makeWarehouse(fresh),
          'enrol status --backlog': () => {
            walk.installation = installation;
            return Promise.resolve();
          },
        },
      },
      isNotRun,
    );
    expect(await walk.run(textOf('README.md'))).toEqual([]);
  });

  test('docs/keys.md, through the rotation and the loss of keys', async () => {
    const fresh = await newHome();
    await run(fresh, 'init');
    const keys = () => listKeys(fresh.keys);
    const ours = async () => (await keys()).filter(({ party }) => party === 'own');
    const last = (found: readonly KeyInfo[]) => found.at(-1)?.fingerprint ?? '';
    /** How many keys of ours a partner takes in. */
    const exported = async () => {
      const armoredOrBinary = await readFile(join(fresh.home, 'ours.asc'));
      return (await importPartnerKey({ folder: elsewhere, party: 'cmp', armoredOrBinary })).length;
    };
    const elsewhere = join(fresh.home, 'var', 'elsewhere');
    const passphrase = () => readFile(join(fresh.home, 'var', 'secrets', 'pgp-passphrase'), 'utf8');
    let warehouse = '';
    const made: string[] = [];
    /** One that the warehouse can do without. */
    const isOld = ({ party, fingerprint }: KeyInfo) => party === 'warehouse' && fingerprint !== made.at(-1);
    /** The warehouse makes another key. */
    const another = async (file: string) => {
      const folder = join(fresh.home, 'var', `warehouse-${made.length}`);
      const fingerprint = await generateOwnKey({ folder, passphrase: 'partner', name: 'warehouse' });
      made.push(fingerprint);
      await importPartnerKey({
        folder,
        party: 'cmp',
        armoredOrBinary: await exportPublicKey(fresh.keys, 'own'),
      });
      await writeInto(fresh, file, await exportPublicKey(folder, 'own'));
      await copyFile(
        join(folder, 'own', 'revocations', `${fingerprint}.asc`),
        join(fresh.home, 'revocation.asc'),
      );
      warehouse = folder;
    };
    const plan: WalkPlan = {
      words: {
        FINGERPRINT: async () => (await ours()).find(({ place }) => place === 'retired')?.fingerprint ?? '',
        OLD: async () => last((await keys()).filter(isOld)),
        'keys FILE': '/srv/enrol/other.asc',
        'open FILE': '/srv/enrol/sealed.pgp',
        NAME: dispatches,
      },
      before: {
        'enrol keys import warehouse.asc --partner warehouse': () => makeWarehouse(fresh),
        'enrol keys rotate --activate --reason yearly': async () => expect(await exported()).toBe(2),
        'enrol keys remove FINGERPRINT --reason …': async () => {
          const [old = ''] = await readdir(join(fresh.keys, 'own', 'retired'));
          await copyFile(join(fresh.keys, 'own', 'retired', old), join(fresh.home, 'old.asc'));
        },
        'enrol keys import FILE --own': async () => {
          const now = new Date('2026-01-01');
          const made = await generateOwnKey({
            folder: elsewhere,
            passphrase: (await passphrase()).trim(),
            name: 'Elsewhere',
            now,
          });
          await copyFile(join(elsewhere, 'own', `${made}.asc`), join(fresh.home, 'other.asc'));
        },
        'enrol keys import new.asc --partner warehouse': () => another('new.asc'),
        'enrol keys remove OLD': async () => {
          await another('newer.asc');
          await run(fresh, 'keys', 'import', join(fresh.home, 'newer.asc'), '--partner', 'warehouse');
        },
        'enrol open FILE --inbox NAME': async () => {
          const ring = await loadKeyRing({ folder: warehouse, passphrase: 'partner' });
          await writeInto(
            fresh,
            'sealed.pgp',
            await sealMessage(dispatchBytes(order), ring, { encryptTo: ['cmp'] }),
          );
        },
      },
      ends: { ...ends, 'enrol keys generate': exitCodes.failed.code },
    };
    expect(await new Walk(fresh, plan, isNotRun).run(textOf('docs/keys.md'))).toEqual([]);
    const standings = (await ours()).map(({ place, revoked }) => (revoked ? `${place}, revoked` : place));
    expect(standings.sort()).toEqual(['in use', 'retired', 'retired', 'retired, revoked']);
  });
});
