import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CommanderError, type Command } from 'commander';

import { main, program } from '../../bin/enrol.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { commandBlocks, fencedIn, pages, quotedCommands } from '../support/documents.ts';
import { dispatchBytes, ordersFile } from '../support/dispatches.ts';
import { emptyHome, writeInto, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import { shellCommands, type ShellCommand } from '../support/shell-words.ts';

/** Every command of the documents is one that there is; those of the pages in `walks` are run, in their order. */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What documents write where a name or a number belongs. */
const placeholders: Readonly<Record<string, string>> = {
  N: '17',
  ID: 'x',
  NAME: 'x',
  FILE: 'x',
  INBOX: 'x',
  '…': 'x',
};

const filled = (words: readonly string[]): string[] =>
  words.map((word) => placeholders[word] ?? word.replace(/\.{3}$|…$/, ''));

/** The words behind `enrol`, wherever it is called; undefined: it is another program. */
function enrolWords({ words }: ShellCommand): string[] | undefined {
  const [first, second] = words;
  if (first === 'enrol') return words.slice(1);
  if (first === 'npx' && second === 'enrol') return words.slice(2);
  const service = words.indexOf('enrol');
  if (first === 'docker' && words.includes('run') && service > 0) return words.slice(service + 1);
  return undefined;
}

/** The program as it is, with commands that do nothing. */
function idleProgram(): Command {
  const idle = program();
  const visit = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(visit);
  };
  visit(idle);
  return idle;
}

/** Why these words are no command of ours; undefined: they are one. */
async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  try {
    await idleProgram().parseAsync(words, { from: 'user' });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return thrown.exitCode === 0 ? undefined : thrown.message;
  }
}

describe.each([...pages])('%s', (_, page) => {
  test('shows commands as they can be given', async () => {
    const commands = commandBlocks(page).flatMap(shellCommands).map(enrolWords);
    const refused = [];
    for (const words of commands) {
      const why = words && (await refusalOf(filled(words)));
      if (words && why !== undefined) refused.push(`${words.join(' ')}: ${why}`);
    }
    expect(refused).toEqual([]);
  });

  test('quotes only options that the command has', () => {
    const unknown = quotedCommands(page).flatMap((command) => {
      const words = shellCommands(command)[0]?.words.slice(1) ?? [];
      let found: Command = program();
      for (const word of words) found = found.commands.find((each) => each.name() === word) ?? found;
      const known = [...found.options, ...program().options].flatMap(({ long, short }) => [long, short]);
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

/** Other programs of the documents, and the test that runs them. */
const elsewhere: readonly (readonly [begins: RegExp, test: string])[] = [
  [/^docker |^mkdir secrets|^openssl |^sudo (chown|chmod)/, 'test/end-to-end/compose.test.ts'],
  [/^npm (ci|run demo|test)/, 'test/end-to-end/demo.test.ts'],
  [/^npm run bench:hosts/, 'test/end-to-end/bench-hosts.test.ts'],
  [/^npm run bench/, 'test/end-to-end/bench.test.ts'],
  [/^npm run chaos/, 'test/end-to-end/chaos.test.ts'],
  [/^npm run fuzz/, 'test/end-to-end/fuzz.test.ts'],
  [/^node demo\//, 'test/unit/simulators/processes.test.ts'],
  [/^curl /, 'test/end-to-end/api.test.ts'],
  [/^systemctl /, 'test/end-to-end/systemd.test.ts'],
  [/^(apt install|dpkg) /, 'test/end-to-end/package.test.ts'],
];

/** What needs no test of ours: of the system, or of an editor. */
const ofTheSystem =
  /^(export|cd|cp|mv|mkdir|\$EDITOR|editor|useradd|install|exit|sha256sum|runuser|chown|chmod) ?/;

test.each([...pages].map(([name, page]) => [name, page]))('%s: other programs are known', (_, page) => {
  const others = commandBlocks(page)
    .filter((block) => /^(npx |enrol |docker |npm |node |export |curl |useradd |mkdir )/m.test(block))
    .flatMap(shellCommands)
    .filter((command) => enrolWords(command) === undefined)
    .map(({ words }) => words.join(' '));
  const unknown = others.filter(
    (line) => !ofTheSystem.test(line) && !elsewhere.some(([begins]) => begins.test(line)),
  );
  expect(unknown).toEqual([]);
  for (const [, file] of [...elsewhere, ...runElsewhere]) expect(existsSync(join(root, file))).toBe(true);
});

/** Commands that need what the walks do not have, and the test that runs them. */
const runElsewhere: readonly (readonly [begins: RegExp, test: string])[] = [
  [/^enrol (file|batch) \w+ --all/, 'test/end-to-end/by-hand.test.ts'],
];

/** Before a command that begins so: what people do meanwhile. */
type Preparations = Readonly<Record<string, () => Promise<void>>>;

/** Runs the commands of a page, one after the other, in one home. */
class Walk {
  readonly installation: TestInstallation;
  readonly #page: string;
  readonly #before: Preparations;

  constructor(installation: TestInstallation, page: string, before: Preparations = {}) {
    this.installation = installation;
    this.#page = page;
    this.#before = before;
  }

  /** @returns what was run, and failed */
  async run(): Promise<string[]> {
    const failed: string[] = [];
    for (const command of commandBlocks(pages.get(this.#page) ?? '').flatMap(shellCommands)) {
      const line = command.words.join(' ');
      if (runElsewhere.some(([begins]) => begins.test(line))) continue;
      for (const [begins, prepare] of Object.entries(this.#before))
        if (line.startsWith(begins)) await prepare();
      const said = await this.#one(command);
      if (said !== undefined) failed.push(`${line}: ${said}`);
    }
    return failed;
  }

  async #one(command: ShellCommand): Promise<string | undefined> {
    const words = enrolWords(command)?.map((word) => this.#place(word));
    if (words === undefined) return this.#ofTheSystem(command);
    if (['loader', 'extractor', 'adaptor', 'scheduler'].includes(words[0] ?? '')) {
      const { code, stderr } = await this.installation.run(...words);
      return code === 0 ? undefined : stderr;
    }
    const { code, said } = await inThisProcess(['--home', this.installation.home, ...words]);
    if (command.output !== undefined) await writeFile(this.#place(command.output), said);
    return code === 0 ? undefined : `${code}: ${said}`;
  }

  async #ofTheSystem({ words }: ShellCommand): Promise<undefined> {
    const [name, ...others] = words.map((word) => this.#place(word));
    const [from = '', folder = ''] = others;
    if (name === 'cp') await copyFile(from, join(folder, basename(from)));
    return undefined;
  }

  /** Names of files are those of the home, which has another place here. */
  #place(word: string): string {
    const { home } = this.installation;
    if (word.startsWith('/srv/enrol')) return word.replace('/srv/enrol', home);
    return /^[\w.-]+\.(asc|json|pgp|token)$/.test(word) ? join(home, word) : word;
  }
}

/** What a command prints, and its exit code. */
async function inThisProcess(words: readonly string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  // The command sets its own, which is not to be that of the tests behind this one.
  const umask = process.umask(0o022);
  const writers = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      said.push(String(text));
      return true;
    }),
  );
  process.exitCode = 0;
  try {
    await main(['node', 'enrol', ...words]);
    return { code: process.exitCode, said: said.join('') };
  } finally {
    for (const writer of writers) writer.mockRestore();
    process.umask(umask);
    process.exitCode = 0;
  }
}

describe('the commands of', () => {
  let installation: TestInstallation;
  beforeAll(async () => {
    installation = await emptyHome();
  });
  afterAll(() => installation.close());

  const order = { id: '884210', devices: ['ZZDEMO000001'] };
  const lines = (page: string, language: string) =>
    fencedIn(pages.get(page) ?? '').filter((block) => block.language === language);

  test('docs/quick-start.md lead to a request for the provider, and its answer to the device', async () => {
    const page = 'docs/quick-start.md';
    const [yaml] = lines(page, 'yaml');
    const { providers } = readYaml(yaml?.text ?? '').value as { providers: object };
    const provider = new TestProvider(installation);
    const walk = new Walk(installation, page, {
      'enrol keys import': async () => {
        const warehouse = await installation.addPartner('warehouse', { known: false });
        const folder = join(installation.home, 'var', 'partner-warehouse');
        await writeInto(installation, 'warehouse.asc', await exportPublicKey(folder, 'own'));
        await writeInto(installation, 'orders.json', ordersFile([order]));
        const sealed = await sealMessage(dispatchBytes(order), warehouse, { encryptTo: ['cmp'] });
        await writeInto(installation, 'dispatch.json.pgp', sealed);
      },
      'enrol config check': () => installation.configure([[['providers'], providers]]),
      'enrol device show': async () => {
        expect((await provider.answerAll()).size).toBe(1);
        expect((await installation.run('adaptor', '--once')).code).toBe(0);
      },
    });
    expect(await walk.run()).toEqual([]);
    const { said } = await inThisProcess(['--home', installation.home, 'device', 'show', 'ZZDEMO000001']);
    expect(said).toContain('Enrol Requested');
    const requests = await inThisProcess(['--home', installation.home, '--json', 'request', 'list']);
    expect(JSON.parse(requests.said)).toMatchObject([{ provider_id: 'apple', state: 'accepted' }]);
  }, 180_000);

  test('docs/install.md end well, as far as a partner’s key is missing', async () => {
    const fresh = await emptyHome();
    const failed = await new Walk(fresh, 'docs/install.md').run();
    await fresh.close();
    expect(failed).toEqual([
      expect.stringMatching(/^enrol doctor --offline: 9: .*KEY_MISSING: no key of warehouse/s),
    ]);
  });

  test.each([
    'docs/upgrade.md',
    'docs/configuration.md',
    'docs/retention.md',
    'docs/day-to-day.md',
    'docs/api.md',
  ])('%s end well, in the same installation', async (page) => {
    expect(await new Walk(installation, page).run()).toEqual([]);
  });
});
