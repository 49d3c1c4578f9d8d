import type { Command } from 'commander';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openFile, openKeyRing, readPassphrase } from '../../shared/daemon/keys.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importOwnKey, importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { keyStanding, placesOf } from '../../shared/operator/key-rules.ts';
import { exportPublicKey, listKeys } from '../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { PgpThreads } from '../../shared/pgp/threads.ts';
import { inboxOf } from '../../shared/daemon/inboxes.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { errnoOf, Fault } from '../../shared/runtime/faults.ts';
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
    .description('make a key of our own; makes the passphrase file too if there is none')
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
    .description('take in a partner’s public key, or with --own a private key of ours')
    .option('--partner <name>', 'whose key it is')
    .option('--own', 'a private key of ours, locked with our passphrase')
    .addHelpText('after', examples('enrol keys import warehouse.asc --partner warehouse'))
    .action(async (file: string, { partner, own }: { partner?: string; own?: boolean }, command: Command) => {
      const session = sessionOf(command);
      if ((partner === undefined) === (own !== true))
        throw new Fault('BAD_INPUT', 'give either --partner NAME or --own');
      const loaded = await session.loadConfig();
      const folder = keysFolder(loaded);
      const armoredOrBinary = await readInput(file);
      const fingerprints =
        partner === undefined
          ? await importOwnKey({ folder, passphrase: await readPassphrase(loaded), armoredOrBinary })
          : await importPartnerKey({ folder, party: partner, armoredOrBinary });
      const party = partner ?? 'own';
      session.print({ party, fingerprints }, [
        ...fingerprints.map((fingerprint) => `${party}: ${fingerprint}`),
        ...(partner === undefined
          ? []
          : ['Compare the fingerprint with the partner by telephone before you rely on it.']),
      ]);
    });

  keys
    .command('list')
    .description('whose keys there are, until when, and for what; needs no passphrase')
    .addHelpText('after', examples('enrol keys list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const loaded = await session.loadConfig();
      const ring = await listKeys(keysFolder(loaded));
      const list = ring.map((key) => ({
        ...key,
        standing: keyStanding(key, ring),
        namedIn: placesOf(key.party, loaded.config),
      }));
      const rows = list.map((key) => [
        key.party,
        key.fingerprint,
        key.algorithm,
        [key.canSign ? 'sign' : '', key.canEncrypt ? 'encrypt' : ''].filter(Boolean).join('+'),
        key.standing,
        key.revoked ? 'revoked' : shortTime(key.expires?.toISOString() ?? null) || 'never',
        key.userIds.join(', '),
      ]);
      session.print(
        list,
        table(['party', 'fingerprint', 'algorithm', 'use', 'standing', 'expires (UTC)', 'name'], rows),
      );
    });

  keys
    .command('export <party>')
    .description('public keys of a party (own: ours), in armour')
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
        new PgpThreads(ring),
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

/** Whether readPassphrase will find one: among the secrets that we were given, which may be others alone, or in its file. */
async function hasPassphrase(file: string): Promise<boolean> {
  const folder = process.env.CREDENTIALS_DIRECTORY ?? '';
  return (folder !== '' && (await isThere(join(folder, 'pgp-passphrase')))) || isThere(file);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
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
