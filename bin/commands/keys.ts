import { Option, type Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fixedKeys, openFile, openKeyRing, readPassphrase } from '../../shared/daemon/keys.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { revocationReasons, type RevocationReason } from '../../shared/pgp/change-own.ts';
import {
  activateKey,
  importOwn,
  importPartner,
  removeKey,
  revokeKey,
  rotateKey,
} from '../../shared/operator/key-actions.ts';
import { keyStanding, placesOf, useOf } from '../../shared/operator/key-rules.ts';
import { exportPublicKey, listKeys } from '../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { inboxOf } from '../../shared/daemon/inboxes.ts';
import { personAtKeyboard } from '../../shared/operator/operator.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { errnoOf, Fault } from '../../shared/runtime/faults.ts';
import { isThere } from '../../shared/runtime/is-there.ts';
import { keysFolder, passphraseFile } from '../../shared/runtime/paths.ts';
import { writeNewSecret } from '../../shared/runtime/secrets.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';
import { contentOf, wholeOf } from '../../shared/spool/received-file.ts';
import { readInput } from './orders.ts';

export function keyCommands(enrol: Command): void {
  const keys = enrol.command('keys').description('the OpenPGP key ring');

  keys
    .command('generate')
    .description('make our first key; makes the passphrase file too if there is none')
    .addHelpText(
      'after',
      examples('enrol keys generate --name "Example Telecom" --email enrolment@example.com'),
    )
    .option('--name <name>', 'name in the key', 'Device Enrolment')
    .option('--email <address>', 'address in the key')
    .action(async ({ name, email }: { name: string; email?: string }, command: Command) => {
      const session = sessionOf(command);
      const loaded = await session.loadConfig();
      if (!(await hasPassphrase(passphraseFile(loaded)))) await writeNewSecret(passphraseFile(loaded));
      const passphrase = await readPassphrase(loaded);
      const folder = keysFolder(loaded);
      const [present] = (await listKeys(folder)).filter((key) => key.party === 'own' && key.canSign);
      if (present) {
        const { fingerprint } = present;
        throw new Fault('NOT_ALLOWED', `key ${fingerprint} is there already: enrol keys rotate replaces it`);
      }
      const fingerprint = await generateOwnKey({
        folder,
        passphrase,
        name,
        ...(email !== undefined && { email }),
      });
      session.print({ party: 'own', fingerprint }, `own: ${fingerprint}`);
    });

  keys
    .command('import <file>')
    .description('take in a partner’s public key or its revocation, or with --own a private key of ours')
    .option('--partner <name>', 'whose key it is')
    .option('--own', 'a private key of ours, locked with our passphrase')
    .option('--reason <text>', 'why; kept in the audit')
    .addHelpText('after', examples('enrol keys import warehouse.asc --partner warehouse'))
    .action(async (file: string, options: ImportOptions, command: Command) => {
      const session = sessionOf(command);
      const { partner, own, reason = null } = options;
      if ((partner === undefined) === (own !== true))
        throw new Fault('BAD_INPUT', 'give either --partner NAME or --own');
      const content = await readInput(file);
      const changer = { who: personAtKeyboard(), reason, now: new Date() };
      if (partner === undefined) {
        const keys = await session.withStore(async (db, loaded) =>
          importOwn(loaded, db, changer, { passphrase: await readPassphrase(loaded), content }),
        );
        const fingerprints = keys.map(({ fingerprint }) => fingerprint);
        const lines = keys.map(({ fingerprint, place }) => `own: ${fingerprint} (${place})`);
        session.print({ party: 'own', fingerprints, keys }, lines);
        return;
      }
      const fingerprints = await session.withStore((db, loaded) =>
        importPartner(loaded, db, changer, { party: partner, content }),
      );
      session.print({ party: partner, fingerprints }, [
        ...fingerprints.map((fingerprint) => `${partner}: ${fingerprint}`),
        'Compare the fingerprint with the partner by telephone before you rely on it.',
      ]);
    });

  keys
    .command('rotate')
    .description('make our next key, which opens files at once; with --activate: sign with it from now on')
    .option('--activate', 'partners have it: use the key that is coming, and retire the one before')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText(
      'after',
      examples('enrol keys rotate --reason "yearly"', 'enrol keys rotate --activate --reason "yearly"'),
    )
    .action(async ({ activate, reason }: { activate?: boolean; reason: string }, command: Command) => {
      const session = sessionOf(command);
      const operator = session.operator(reason);
      const fingerprint = await session.withStore(async (db, loaded) =>
        activate === true
          ? activateKey(loaded, db, operator)
          : rotateKey(loaded, db, operator, await readPassphrase(loaded)),
      );
      const place = activate === true ? 'in use' : 'coming';
      session.print({ party: 'own', fingerprint, place }, [
        `own: ${fingerprint} (${place})`,
        activate === true
          ? 'Processes sign with it from their next look on. The key before opens what was sealed for it.'
          : 'It opens files from now on. Give partners enrol keys export own; then enrol keys rotate --activate.',
      ]);
    });

  keys
    .command('revoke <fingerprint>')
    .description('revoke a key of ours: what it signed is refused; it goes on opening files')
    .addOption(
      new Option('--because <why>', 'what partners are told')
        .choices(Object.keys(revocationReasons))
        .default('compromised'),
    )
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText('after', examples('enrol keys revoke 1A2B3C4D5E6F7081 --reason "the disk was stolen"'))
    .action(
      async (
        wanted: string,
        { because, reason }: { because: RevocationReason; reason: string },
        command: Command,
      ) => {
        const session = sessionOf(command);
        const operator = session.operator(reason);
        const fingerprint = await session.withStore(async (db, loaded) =>
          revokeKey(loaded, db, operator, wanted, { because, passphrase: await readPassphrase(loaded) }),
        );
        session.print({ party: 'own', fingerprint, because }, [
          `own: ${fingerprint} is revoked (${because})`,
          'Give partners enrol keys export own, which has the revocation.',
        ]);
      },
    );

  keys
    .command('remove <fingerprint>')
    .description('destroy a key of ours that no file needs, or a key of a partner')
    .option('--give-up-done', 'also when files in done/ can never be opened again')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText('after', examples('enrol keys remove 1A2B3C4D5E6F7081 --reason "retired in 2025"'))
    .action(
      async (
        wanted: string,
        { giveUpDone = false, reason }: { giveUpDone?: boolean; reason: string },
        command: Command,
      ) => {
        const session = sessionOf(command);
        const operator = session.operator(reason);
        const fingerprint = await session.withStore((db, loaded) =>
          removeKey(loaded, db, operator, wanted, giveUpDone),
        );
        session.print({ fingerprint }, `${fingerprint}: removed`);
      },
    );

  keys
    .command('list')
    .description('whose keys there are, until when, and for what; needs no passphrase')
    .addHelpText('after', examples('enrol keys list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const loaded = await session.loadConfig();
      const now = new Date();
      const ring = await listKeys(keysFolder(loaded), now);
      const list = ring.map((key) => {
        const standing = keyStanding(key, ring, now);
        return { ...key, standing, use: useOf(key, standing), namedIn: placesOf(key.party, loaded.config) };
      });
      const rows = list.map((key) => [
        key.party,
        key.fingerprint,
        key.standing,
        shortTime(key.expires?.toISOString() ?? null) || 'never',
        key.use,
        key.algorithm,
        key.userIds.join(', '),
      ]);
      session.print(
        list,
        table(['party', 'fingerprint', 'state', 'expires (UTC)', 'used for', 'algorithm', 'name'], rows),
      );
    });

  keys
    .command('export <party>')
    .description('public keys of a party (own: ours, also the one that is coming), in armour')
    .addHelpText('after', examples('enrol keys export own > ours.asc'))
    .action(async (party: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const armoured = await exportPublicKey(keysFolder(await session.loadConfig()), party);
      session.print({ party, armoured }, armoured.trimEnd());
    });

  enrol
    .command('open <file>')
    .description('decrypt and verify a file by the policy of an inbox, and print its content')
    .addHelpText('after', examples('enrol open dispatch.json.pgp --inbox inboundSalesOrderDispatch'))
    .option('--inbox <name>', 'whose policy holds', 'inboundDeviceEnrolment')
    .action(async (file: string, { inbox }: { inbox: string }, command: Command) => {
      const session = sessionOf(command);
      const loaded = await session.loadConfig();
      const policy = inboxOf(loaded.config, inbox);
      const ring = await openKeyRing(loaded, policy.signedBy);
      const received = { ...contentOf(await readInput(file)), name: file };
      const content = await openFile(
        { clock: systemClock, emit: () => undefined },
        received,
        policy,
        fixedKeys(ring),
      );
      const text = Buffer.from(await wholeOf(content)).toString();
      session.print({ file, inbox, content: text }, text);
    });

  enrol
    .command('seal <file>')
    .description('sign and encrypt a file; the result is written beside it as <file>.pgp, or to --output')
    .addHelpText(
      'after',
      examples(
        'enrol seal dispatch.json --to own',
        'enrol seal dispatch.json --to warehouse --output out.pgp',
      ),
    )
    .option('--to <party...>', 'who can open it', ['own'])
    .option('--output <file>', 'where to write it')
    .action(async (file: string, options: { to: string[]; output?: string }, command: Command) => {
      const session = sessionOf(command);
      const ring = await openKeyRing(await session.loadConfig(), ['own', ...options.to]);
      const sealed = await sealMessage(await readInput(file), ring, { encryptTo: options.to });
      const output = options.output ?? `${file}.pgp`;
      await writeSealed(output, sealed);
      session.print(
        { output, bytes: sealed.length, to: options.to },
        `${output}: for ${options.to.join(', ')}`,
      );
    });
}

interface ImportOptions {
  readonly partner?: string;
  readonly own?: boolean;
  readonly reason?: string;
}

/** Whether readPassphrase will find one: among the secrets that we were given, which may be others alone, or in its file. */
async function hasPassphrase(file: string): Promise<boolean> {
  const folder = process.env.CREDENTIALS_DIRECTORY ?? '';
  return (folder !== '' && (await isThere(join(folder, 'pgp-passphrase')))) || isThere(file);
}

/** @throws Fault NOT_ALLOWED when the file exists */
async function writeSealed(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o640 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new Fault('NOT_ALLOWED', `${path} exists already and is not replaced`, { cause: error });
  }
}
