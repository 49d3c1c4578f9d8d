import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';

import { program } from '../../bin/program.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { findDelivery } from '../../shared/store/deliveries.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import { findOrder, orderLines, organisationsOf } from '../../shared/store/orders.ts';
import { openSqlite } from '../../shared/store/sqlite/open-sqlite.ts';
import type { Db } from '../../shared/store/tables.ts';
import { dispatchBytes, ordersFile, sealedDispatch } from '../support/dispatches.ts';
import { emptyHome, filesUnder, install, writeInto, type TestInstallation } from '../support/installation.ts';
import { migrationNames } from '../support/migrations.ts';
import { auditOf } from '../support/store-lookups.ts';

let installation: TestInstallation;
let db: Db;

beforeAll(async () => {
  installation = await install();
  db = await installation.store();
});
afterAll(() => installation.close());

const write = (name: string, content: string | Uint8Array) => writeInto(installation, name, content);
const { ok, usage, config: badConfig, notFound, failed } = exitCodes;

/** Runs a command that must fail; its error as --json tells it. */
async function failure(...words: string[]): Promise<{ exit: number | null; code: string; detail: string }> {
  const { code, value } = await installation.json(...words);
  const { error } = value as { error: { code: string; detail: string; action: string } };
  expect(error.action).not.toBe('');
  return { exit: code, code: error.code, detail: error.detail };
}

/** Runs a command that must succeed; what --json tells. */
async function success(...words: string[]): Promise<unknown> {
  const { code, value } = await installation.json(...words);
  expect({ code, value }).toMatchObject({ code: ok.code });
  return value;
}

const enrol = await program();

describe('help', () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const pathOf = (command: Command): string =>
    command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

  test.each(all(enrol).map((command): [string, Command] => [pathOf(command), command]))(
    '%s is described, with its options',
    (path, command) => {
      expect(command.description()).toMatch(/^\S.{3,}/);
      for (const option of command.options)
        expect([option.flags, option.description]).toEqual([option.flags, expect.stringMatching(/\S{2}/)]);
      expect(command.helpInformation()).toContain(`Usage: ${path}`);
    },
  );

  const verbs = all(enrol).filter((command) => command.commands.length === 0);
  test.each(verbs.map((command): [string, Command] => [pathOf(command), command]))(
    '%s has an example that begins with it',
    (path, command) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      const example = /\nExamples?:\n +(.*)/.exec(help)?.[1]?.replace(/ --home \S+/, '');
      expect(example).toEqual(expect.stringMatching(new RegExp(`^${path}( |$)`)));
    },
  );

  test.each(enrol.commands.map((command): [string, Command] => [command.name(), command]))(
    '%s, which is loaded alone when it is called, is the same as in the whole program',
    async (name, command) => {
      const alone = await program(['node', 'enrol', '--json', name]);
      expect(alone.commands.length).toBeLessThan(enrol.commands.length);
      const found = alone.commands.find((each) => each.name() === name);
      expect(found?.helpInformation()).toBe(command.helpInformation());
    },
  );

  test('enrol --help tells every exit code, and is no failure', async () => {
    const { code, stdout, stderr } = await installation.run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { code: exit, meaning } of Object.values(exitCodes))
      expect(stdout).toContain(`${exit}  ${meaning}`);
  });
});

test.each([
  [['nonsense'], /unknown command 'nonsense'/],
  [['batch'], /a command is missing/],
  [['orders', 'import'], /missing required argument 'file'/],
  [['orders', 'void', '884210'], /required option '--reason <text>' not specified/],
  [['batch', 'show', '0'], /whole number from 1/],
  [['file', 'list', '--state', 'lost'], /Allowed choices are seen, claimed/],
  [['orders', 'override', '1', '--organisation', 'apple', '--reason', 'x'], /NAME=VALUE is needed/],
])('a command line that is not valid ends with 2: %j', async (words, says) => {
  expect(await failure(...words)).toEqual({
    exit: usage.code,
    code: 'BAD_INPUT',
    detail: expect.stringMatching(says),
  });
});

describe('on an empty store', () => {
  test.each([
    [['status'], { daemons: [], problems: [], openRequests: [], devices: {} }],
    [['events'], []],
    [['batch', 'list', '--errors'], []],
    [['file', 'list', '--state', 'held', 'rejected', '--folder', 'x', '--limit', '3'], []],
    [
      ['job', 'list'],
      expect.arrayContaining([expect.objectContaining({ job: 'deviceEnrolmentRequest', lastRun: null })]),
    ],
    [['job', 'run', 'Batch Error Management'], { state: 'complete', batches: 0, problems: [] }],
    [['spool', 'check'], { files: 0, rows: 0, differences: [] }],
    [['spool', 'adopt', '--reason', 'x'], []],
    [
      ['property', 'list'],
      expect.arrayContaining([
        expect.objectContaining({
          name: 'device.enrolment.response.event.failure',
          value: 'true',
          setBy: null,
        }),
      ]),
    ],
    [['migrate'], { migrations: [] }],
    [['config', 'schema'], { type: 'object' }],
  ])('%j prints one JSON document', async (words, expected) => {
    const value = await success(...words);
    if (Array.isArray(expected) || (expected as { asymmetricMatch?: unknown }).asymmetricMatch)
      expect(value).toEqual(expected);
    else expect(value).toMatchObject(expected);
  });

  test.each([
    [['device', 'show', 'NOSUCH'], 'there is no device NOSUCH'],
    [['device', 'unenrol', 'NOSUCH', '--reason', 'x'], 'there is no device NOSUCH'],
    [['orders', 'void', '1', '--reason', 'x'], 'there is no order 1'],
    [['orders', 'import', '/nowhere/orders.json'], 'there is no file /nowhere/orders.json'],
    [['batch', 'show', '99'], 'there is no batch 99'],
    [['batch', 'reprocess', '99', '--reason', 'x'], 'there is no batch 99'],
    [['file', 'show', '99'], 'there is no file 99'],
    [['file', 'retry', '99', '--reason', 'x'], 'there is no received file 99'],
    [['file', 'reload', '99', '--reason', 'x'], 'there is no received file 99'],
    [
      ['job', 'run', 'nonsense'],
      expect.stringContaining('there is no job nonsense; there are: salesOrderDispatch'),
    ],
    [['property', 'set', 'nonsense', 'x', '--reason', 'x'], 'there is no module property nonsense'],
    [['open', 'x.pgp', '--inbox', 'nonsense'], expect.stringContaining('there is no inbox nonsense')],
  ])('%j ends with 7', async (words, detail) => {
    expect(await failure(...words)).toEqual({ exit: notFound.code, code: 'NOT_FOUND', detail });
  });
});

test('a reader that has had enough, like head, is no failure', async () => {
  const { child, exit } = installation.start(['config', 'show']);
  child.stdout?.destroy();
  expect(await exit).toMatchObject({ code: 0, stderr: '' });
});

test('what others wrote cannot steer the terminal, on stderr neither', async () => {
  const { stderr } = await installation.run('orders', 'import', '/nowhere/\u001b[2Jcleared.csv');
  expect(stderr).toContain('there is no file /nowhere/\\u{1b}[2Jcleared.csv');
  expect(stderr).not.toContain('\u001b');
});

describe('init, migrate', () => {
  test('init makes everything; once more, it leaves what is there', async () => {
    const home = await emptyHome();
    try {
      expect(await home.json('init')).toMatchObject({
        code: 0,
        value: { configMade: true, migrations: migrationNames },
      });
      await home.configure([[['spool', 'scanSeconds'], 7]]);
      await writeFile(home.spool('inboundDeviceEnrolment', 'in', 'waiting'), 'x');
      const before = await filesUnder(home.home);
      const config = await readFile(join(home.home, 'config', 'enrol.yaml'), 'utf8');
      expect(await home.json('init')).toMatchObject({
        code: 0,
        value: { configMade: false, migrations: [] },
      });
      expect(await filesUnder(home.home)).toEqual(before);
      expect(await readFile(join(home.home, 'config', 'enrol.yaml'), 'utf8')).toBe(config);
    } finally {
      await home.close();
    }
  });

  test('migrate brings an older store up to date; it makes none', async () => {
    const home = await emptyHome();
    try {
      await writeInto(home, 'empty.yaml', '');
      const config = ['--config', join(home.home, 'empty.yaml')];
      expect(await home.json('migrate', ...config)).toMatchObject({ code: exitCodes.store.code });
      expect(await home.json('init', ...config)).toMatchObject({ code: 0, value: { configMade: false } });
      const older = openSqlite({ file: join(home.home, 'older.db'), busySeconds: 1, create: true });
      await older.destroy();
      await writeInto(home, 'empty.yaml', 'store: { url: "sqlite:older.db" }');
      expect(await home.json('status', ...config)).toMatchObject({ code: exitCodes.store.code });
      expect(await home.json('migrate', ...config)).toMatchObject({
        value: { migrations: migrationNames },
      });
      expect(await home.json('status', ...config)).toMatchObject({ code: 0 });
    } finally {
      await home.close();
    }
  });
});

describe('config', () => {
  test('check: no problems; then every problem with its line, and 3', async () => {
    expect(await success('config', 'check')).toMatchObject({ problems: [] });
    const file = await write('bad.yaml', 'log:\n  level: loud\nlogs: 1\n');
    const checked = await installation.json('config', 'check', '--config', file);
    expect(checked).toMatchObject({
      code: badConfig.code,
      value: {
        problems: [
          { line: 2, path: 'log.level' },
          { line: 3, path: 'logs' },
        ],
      },
    });
    expect(await failure('status', '--config', file)).toMatchObject({
      exit: badConfig.code,
      code: 'CONFIG_INVALID',
    });
  });

  test('show prints what is in force, defaults included; as YAML it is a configuration again', async () => {
    expect(await success('config', 'show')).toMatchObject({
      spool: { scanSeconds: 0.2 },
      retry: { maxAttempts: 20 },
    });
    const file = await write('shown.yaml', (await installation.run('config', 'show')).stdout);
    expect(await success('config', 'check', '--config', file)).toMatchObject({ problems: [] });
  });
});

describe('orders import', () => {
  const header =
    'order_id,customer,order_date,purchase_order_number,enrolment_required,line_number,product,quantity,provider,organisation_id';
  const row = (id: string, line: number, rest = 'Phone,2,apple,7100456') =>
    `${id},Example Ltd,2026-01-12T09:15:00+01:00,PO-${id},true,${line},${rest}`;
  const importFile = async (name: string, content: string) =>
    ['orders', 'import', await write(name, content)] as const;

  test('V01, V04, V13: CSV with a byte-order mark, mixed line ends and a line without enrolment; every order is audited', async () => {
    const csv = `\ufeff${header}\r\n${row('500001', 1)}\r\n${row('500002', 1)}\n${row('500001', 2, 'Cable,1,,')}`;
    expect(await success(...(await importFile('good.csv', csv)))).toEqual({
      imported: ['500001', '500002'],
      lines: 3,
      // V13: a CSV file does not say how many rows it has.
      flags: ['UNVERIFIED_LENGTH'],
    });
    expect(await findOrder(db, '500001')).toMatchObject({
      status: 'Awaiting Dispatch',
      order_date: '2026-01-12T08:15:00.000Z',
      purchase_order_number: 'PO-500001',
    });
    expect(await orderLines(db, '500001')).toMatchObject([
      { line_number: 1, quantity: 2, provider_id: 'apple' },
      { line_number: 2, product: 'Cable', provider_id: null },
    ]);
    expect(await organisationsOf(db, '500001')).toEqual(new Map([['apple', '7100456']]));
    expect(await auditOf(db, 'order 500002')).toMatchObject([
      { action: 'order.import', reason: expect.stringContaining('good.csv') },
    ]);
  });

  test('JSON', async () => {
    const json = ordersFile([{ id: '500010', devices: ['A'] }]);
    expect(await success(...(await importFile('good.json', json)))).toEqual({
      imported: ['500010'],
      lines: 1,
    });
    expect(await findOrder(db, '500010')).toMatchObject({ enrolment_required: 1 });
  });

  test('V05 unknown, missing and repeated columns are all told', async () => {
    const csv = `${header.replace('customer', 'client')},quantity\n`;
    expect(await failure(...(await importFile('header.csv', csv)))).toEqual({
      exit: usage.code,
      code: 'CSV_MALFORMED',
      detail: 'column customer is missing; column client is not known; column quantity stands twice',
    });
  });

  test('V06 every short row is told with its line', async () => {
    const csv = `${header}\n${row('500020', 1)}\n1,2,3\n${row('500021', 1)}\n4,5\n`;
    expect(await failure(...(await importFile('short.csv', csv)))).toEqual({
      exit: usage.code,
      code: 'CSV_MALFORMED',
      detail: 'line 3: 3 columns, where the header has 10\nline 5: 2 columns, where the header has 10',
    });
    expect(await findOrder(db, '500020')).toBeUndefined();
  });

  test('V09 a control character is refused in both formats', async () => {
    const csv = `${header}\n${row('500022', 1).replace('Example', 'Ex\0ample')}\n`;
    const json = ordersFile([{ id: '500022', devices: ['A'] }]).replace('500022', '5000\\u001b22');
    for (const [name, content] of [
      ['control.csv', csv],
      ['control.json', json],
    ] as const) {
      expect(await failure(...(await importFile(name, content)))).toMatchObject({
        exit: usage.code,
        code: 'CONTROL_CHAR',
      });
    }
  });

  test.each(['csv', 'json'])('R07 a .%s file above 64 MB is refused before it is read', async (extension) => {
    const file = await write(`large.${extension}`, '');
    // A hole: as large as a file that nobody should read, and nothing on the disk.
    await truncate(file, 1024 ** 3);
    expect(await failure('orders', 'import', file)).toEqual({
      exit: usage.code,
      code: 'TOO_LARGE',
      detail: `${file}: ${1024 ** 3} bytes; the limit is ${64 * 1024 ** 2}`,
    });
  });

  test('V11 what a spreadsheet takes for a formula is kept as it is', async () => {
    const formula = "=cmd|' /C calc'!A0";
    const csv = `${header}\n${row('500023', 1).replace('Example Ltd', formula)}\n`;
    expect(await success(...(await importFile('formula.csv', csv)))).toMatchObject({ imported: ['500023'] });
    expect(await findOrder(db, '500023')).toMatchObject({ customer: formula });
  });

  test('every problem of a CSV is told, and nothing is imported', async () => {
    const rows = [
      row('500030', 1),
      row('500031', 1, 'Phone,many,apple,7100456'),
      row('500032', 1),
      row('500032', 2, 'Tablet,1,apple,7100999').replace('PO-500032', 'PO-OTHER'),
      row('ABC', 1),
      row('500034', 1, 'Phone,1,apple,'),
    ];
    const { detail, exit } = await failure(...(await importFile('bad.csv', [header, ...rows].join('\n'))));
    expect(exit).toBe(usage.code);
    expect(detail.split('\n')).toEqual([
      'order 500032: its rows differ in purchase_order_number',
      'order 500032: its rows differ in organisation_id at apple',
      expect.stringMatching(/^order 500031: lines\.0\.quantity: .*number/),
      expect.stringMatching(/^order ABC: id: .*whole number/),
      expect.stringMatching(/^order 500034: organisations: no organisation id at apple/),
    ]);
    expect(await findOrder(db, '500030')).toBeUndefined();
  });

  test('every problem of a JSON list is told, and nothing is imported', async () => {
    const [good] = JSON.parse(ordersFile([{ id: '500040', devices: ['A'] }])) as [object];
    const orders = [good, { ...good, id: '500041', lines: [], colour: 'red' }, good];
    const { detail, exit } = await failure(...(await importFile('bad.json', JSON.stringify(orders))));
    expect(exit).toBe(usage.code);
    expect(detail).toMatch(/order 2: lines: /);
    expect(detail).toMatch(/order 2: order: .*colour/);
    expect(detail).toMatch(/order 500040: stands in the file 2 times/);
    expect(await findOrder(db, '500040')).toBeUndefined();
  });

  test('an order that is in the store already: none of the file is imported', async () => {
    const orders = ordersFile([
      { id: '500050', devices: ['A'] },
      { id: '500010', devices: ['A'] },
    ]);
    expect(await failure(...(await importFile('again.json', orders)))).toEqual({
      exit: failed.code,
      code: 'NOT_ALLOWED',
      detail: 'order 500010 is in the store already',
    });
    expect(await findOrder(db, '500050')).toBeUndefined();
  });

  test('neither JSON nor CSV', async () => {
    expect(await failure(...(await importFile('orders.xlsx', 'x')))).toMatchObject({
      exit: usage.code,
      code: 'BAD_INPUT',
    });
  });
});

test('property set: a value of its kind, with its reason in the audit', async () => {
  const name = 'device.enrolment.response.event.success';
  expect(await success('property', 'set', name, 'true', '--reason', 'wanted by sales')).toEqual({
    name,
    value: 'true',
  });
  expect(await success('property', 'list')).toContainEqual(expect.objectContaining({ name, value: 'true' }));
  expect(await auditOf(db, `property ${name}`)).toMatchObject([
    {
      action: 'property.set',
      reason: 'wanted by sales',
      before_json: '{"value":"false"}',
      after_json: '{"value":"true"}',
    },
  ]);
  expect(await failure('property', 'set', name, 'perhaps', '--reason', 'x')).toMatchObject({
    exit: usage.code,
  });
});

describe('keys', () => {
  test('generate makes passphrase and key, readable by us alone; list and export need no passphrase', async () => {
    const home = await emptyHome();
    try {
      await home.run('init');
      const made = await home.json('keys', 'generate', '--name', 'Shop', '--email', 'cmp@shop.example');
      const { fingerprint } = made.value as { fingerprint: string };
      expect(made).toMatchObject({ code: 0, value: { party: 'own' } });
      expect(await home.json('keys', 'generate')).toMatchObject({
        code: exitCodes.failed.code,
        value: { error: { code: 'NOT_ALLOWED', detail: expect.stringContaining('enrol keys rotate') } },
      });
      await writeFile(join(home.home, 'var', 'secrets', 'pgp-passphrase'), 'something else');
      expect(await home.json('keys', 'list')).toMatchObject({
        code: 0,
        value: [
          {
            party: 'own',
            fingerprint,
            userIds: ['Shop <cmp@shop.example>'],
            canSign: true,
            canEncrypt: true,
          },
        ],
      });
      const exported = await home.run('keys', 'export', 'own');
      expect(exported).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/),
      });

      const partner = await writeInto(installation, 'shop.asc', exported.stdout);
      expect(await success('keys', 'import', partner, '--partner', 'shop')).toEqual({
        party: 'shop',
        fingerprints: [fingerprint],
      });
      expect(await success('keys', 'list')).toEqual(
        expect.arrayContaining([expect.objectContaining({ party: 'shop', fingerprint })]),
      );

      const secret = join('var', 'keys', 'own', `${fingerprint}.asc`);
      expect(await home.json('keys', 'import', join(home.home, secret), '--partner', 'shop')).toMatchObject({
        code: usage.code,
        value: { error: { code: 'BAD_INPUT', detail: expect.stringContaining('this is a private key') } },
      });
      // With a passphrase that is not ours, it cannot be a key of our own.
      expect(await failure('keys', 'import', join(home.home, secret), '--own')).toMatchObject({
        exit: exitCodes.keys.code,
        code: 'KEY_WRONG_PASSPHRASE',
      });
    } finally {
      await home.close();
    }
  });

  test('import --own moves our key to another host', async () => {
    const home = await emptyHome();
    try {
      await home.run('init');
      const [name = ''] = await filesUnder(join(installation.home, 'var', 'keys', 'own'));
      const key = join(installation.home, 'var', 'keys', 'own', name);
      const credentials = { CREDENTIALS_DIRECTORY: join(installation.home, 'var', 'secrets') };
      const imported = await home.start(['keys', 'import', key, '--own', '--json'], { env: credentials })
        .exit;
      expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining(name.replace('.asc', '')) });
      expect(await filesUnder(join(home.home, 'var', 'keys', 'own'))).toEqual([name]);
    } finally {
      await home.close();
    }
  });

  test('bad ways to say whose key it is', async () => {
    const file = await write('nothing.asc', 'nothing');
    expect(await failure('keys', 'import', file)).toMatchObject({
      exit: usage.code,
      detail: 'give either --partner NAME or --own',
    });
    expect(await failure('keys', 'import', file, '--partner', 'x')).toMatchObject({
      exit: usage.code,
      detail: 'this is not an OpenPGP key',
    });
    expect(await failure('keys', 'export', 'nobody')).toMatchObject({
      exit: exitCodes.keys.code,
      code: 'KEY_MISSING',
    });
  });

  test('seal and open: the same bytes again; nothing is overwritten; nothing plain is taken', async () => {
    const plain = await write('letter.txt', 'Grüße\tan alle\n');
    expect(await success('seal', plain)).toMatchObject({ output: `${plain}.pgp`, to: ['own'] });
    expect(await success('open', `${plain}.pgp`)).toMatchObject({ content: 'Grüße\tan alle\n' });
    expect(await failure('seal', plain)).toMatchObject({ exit: failed.code, code: 'NOT_ALLOWED' });
    expect(await failure('open', plain)).toMatchObject({ exit: failed.code, code: 'NOT_ENCRYPTED' });
    expect(await failure('seal', plain, '--to', 'nobody')).toMatchObject({ exit: exitCodes.keys.code });
  });
});

describe('files and batches that need somebody', () => {
  const order = { id: '600001', devices: ['ZZTEST0001'] };
  const reason = ['--reason', 'agreed by telephone'];
  const loaderOnce = async () => (await installation.run('loader', '--once')).code;

  test('O11 retry, hold and release: the file follows, the audit tells who and why', async () => {
    const warehouse = await installation.addPartner('warehouse');
    await installation.drop('inboundSalesOrderDispatch', 'plain.json', dispatchBytes(order));
    expect(await loaderOnce()).toBe(exitCodes.refused.code);
    const [rejected] = await listDeliveries(db, { limit: 1 });
    const id = String(rejected?.id);
    expect(await success('file', 'show', id)).toMatchObject({
      state: 'rejected',
      fault_code: 'NOT_ENCRYPTED',
    });
    expect(await failure('file', 'release', id, ...reason)).toMatchObject({
      exit: failed.code,
      detail: `file ${id} (plain.json) is rejected; needed: held`,
    });

    expect(await success('file', 'hold', id, ...reason)).toMatchObject({ state: 'held' });
    expect(await installation.files('inboundSalesOrderDispatch', 'hold')).toEqual([
      'plain.json',
      'plain.json.reason.json',
    ]);
    expect(await success('file', 'list', '--state', 'held')).toMatchObject([{ id: rejected?.id }]);
    expect(await success('file', 'release', id, ...reason)).toMatchObject({ state: 'deferred' });
    // Held files are encrypted as they came; here it is as if the policy had been corrected meanwhile.
    await installation.configure([
      [['inboxes', 'inboundSalesOrderDispatch', 'encryption'], 'none'],
      [['inboxes', 'inboundSalesOrderDispatch', 'signature'], 'forbidden'],
    ]);
    expect(await loaderOnce()).toBe(ok.code);
    await installation.configure([
      [['inboxes', 'inboundSalesOrderDispatch', 'encryption'], 'required'],
      [['inboxes', 'inboundSalesOrderDispatch', 'signature'], 'required'],
    ]);
    expect(await findDelivery(db, Number(id))).toMatchObject({
      state: 'done',
      place: expect.stringContaining('/done/'),
    });
    expect(await auditOf(db, `file ${id}`)).toMatchObject([
      {
        action: 'file.hold',
        reason: 'agreed by telephone',
        before_json: '{"state":"rejected","code":"NOT_ENCRYPTED"}',
      },
      { action: 'file.release', after_json: '{"state":"deferred","code":"NOT_ENCRYPTED"}' },
    ]);

    await installation.drop('inboundSalesOrderDispatch', 'twice.pgp', await sealedDispatch(order, warehouse));
    expect(await loaderOnce()).toBe(ok.code);
  });

  test('batch reprocess: an Error batch is tried again, one that is well is not', async () => {
    // Two dispatches of one order that the store does not know.
    expect((await installation.json('job', 'run', 'salesOrderDispatch')).code).toBe(exitCodes.refused.code);
    const [, first] = (await success('batch', 'list', '--errors')) as { id: number }[];
    const id = String(first?.id);
    expect(await success('batch', 'show', id)).toMatchObject({
      batch: { stage: 'Batch', status: 'Error' },
      items: [{ status: 'Error', error: expect.stringContaining('there is no order 600001') }],
      files: [{ name: 'plain.json', state: 'done' }],
    });
    expect(await success('orders', 'import', await write('late.json', ordersFile([order])))).toEqual({
      imported: ['600001'],
      lines: 1,
    });
    expect(await success('batch', 'reprocess', id, ...reason)).toMatchObject({
      stage: 'Extract/Load',
      status: 'Complete',
    });
    expect(await failure('batch', 'reprocess', id, ...reason)).toMatchObject({
      exit: failed.code,
      code: 'NOT_ALLOWED',
    });
    expect(await success('job', 'run', 'salesOrderDispatch')).toMatchObject({ batches: 1, problems: [] });
    expect(await auditOf(db, `batch ${id}`)).toMatchObject([
      {
        action: 'batch.reprocess',
        reason: 'agreed by telephone',
        before_json: '{"stage":"Batch","status":"Error"}',
      },
    ]);
    expect(await success('device', 'show', 'ZZTEST0001')).toMatchObject([
      { device: { status: 'Enrol Pending' } },
    ]);
  });

  test('what the state of an order or device does not allow is refused, and changes nothing', async () => {
    expect(await failure('device', 'unenrol', 'ZZTEST0001', ...reason)).toEqual({
      exit: failed.code,
      code: 'NOT_ALLOWED',
      detail: 'device ZZTEST0001 is Enrol Pending; needed: Enrolled or Unenrol Failed',
    });
    expect(await failure('orders', 'override', '600001', '--drop', 'NOSUCH', ...reason)).toMatchObject({
      exit: usage.code,
      detail: 'order 600001 has no device NOSUCH',
    });
    expect(await failure('orders', 'override', '600001', ...reason)).toMatchObject({
      exit: failed.code,
      detail: 'order 600001 was never sent to apple: nothing to override',
    });
    // Never asked for at the provider: it is let go at once.
    expect(await success('orders', 'void', '600001', ...reason)).toEqual({
      order: '600001',
      devices: { 'Not Required': 1 },
    });
    expect(await findOrder(db, '600001')).toMatchObject({ status: 'Cancelled', pending_action: null });
    expect(await failure('orders', 'void', '600001', ...reason)).toMatchObject({
      detail: 'order 600001 is cancelled',
    });
  });
});
