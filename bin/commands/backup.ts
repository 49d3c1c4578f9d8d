import { resolve } from 'node:path';

import type { Command } from 'commander';

import { backUp, type BackupReport } from '../../shared/backup/back-up.ts';
import { checkBackup, type BackupCheck } from '../../shared/backup/check-backup.ts';
import type { Manifest } from '../../shared/backup/manifest.ts';
import { restore, type RestoreReport } from '../../shared/backup/restore.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { Pending } from '../../shared/store/restored.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

interface RestoreOptions {
  readonly check?: true;
  readonly storeOnly?: true;
  readonly reason: string;
}

/** Names that are listed for people; with --json they are all there. */
const mostNames = 20;

export function backupCommands(enrol: Command): void {
  enrol
    .command('backup')
    .description('save store, spool, configuration and keys into a new folder, while everything runs')
    .argument('<to>', 'folder of the backups, on another disk; it has to be there')
    .option('--with-secrets', 'with the passphrase, keys of certificates, and tokens')
    .addHelpText('after', examples('enrol backup /backup/enrol'))
    .action(async (to: string, { withSecrets }: { withSecrets?: true }, command: Command) => {
      const session = sessionOf(command);
      const report = await session.withStore((db, loaded) =>
        backUp({ loaded, db, to, withSecrets: withSecrets === true, now: () => new Date() }),
      );
      session.print(report, savedLines(report));
    });

  enrol
    .command('restore')
    .description(
      'bring a backup into the home, which must have no store and an empty spool; or only look at it',
    )
    .argument('<folder>', 'of one backup')
    .option('--check', 'change nothing: is every file as it was saved, and what would go on')
    .option('--store-only', 'leave the spool as it is: only the store was lost')
    .option('--reason <text>', 'why; kept in the audit', 'restored from a backup')
    .addHelpText(
      'after',
      examples(
        'enrol restore FOLDER --check',
        'enrol --home /srv/enrol restore FOLDER --reason "the disk died"',
      ),
    )
    .action(async (from: string, { check, storeOnly, reason }: RestoreOptions, command: Command) => {
      const session = sessionOf(command);
      const folder = resolve(from);
      if (check === true) {
        const found = await checkBackup(folder);
        session.print(found, checkedLines(found));
        if (found.damage.length > 0) process.exitCode = exitCodes.refused.code;
        return;
      }
      const report = await restore({
        ...session.place,
        folder,
        storeOnly: storeOnly === true,
        operator: session.operator(reason),
      });
      session.print(report, restoredLines(report));
    });
}

function savedLines({
  folder,
  manifest,
  gone,
  changing,
  others,
  unfinished,
  ...rest
}: BackupReport): string[] {
  const { leftOut, store } = manifest;
  return [
    `Saved: ${folder}`,
    contentLine(manifest),
    ...(rest.heldMilliseconds === null
      ? []
      : [`Writers of the store waited for ${rest.heldMilliseconds} ms.`]),
    ...(store.engine === 'postgres'
      ? ['The store is on a server and not in here: save it there before this, with pg_dump for instance.']
      : []),
    ...named(
      'Not in here',
      leftOut.map(({ place, why }) => `${place}: ${why}`),
    ),
    ...named('Still written to, and not in here', changing),
    ...named('Gone while it was made, and not in here', gone),
    ...named('No files, and not in here', others),
    ...named('Never finished, or being made now; remove what was interrupted', unfinished),
  ];
}

function contentLine({ files, at, program, schema, store }: Manifest): string {
  const megabytes = Math.ceil(files.bytes / 1_000_000);
  const of = store.engine === 'sqlite' ? 'store and spool' : 'spool';
  return `${of} of ${shortTime(at)} UTC: ${files.count} file(s), ${megabytes} MB; program ${program}, store ${schema}`;
}

function named(title: string, list: readonly string[]): string[] {
  if (list.length === 0) return [];
  const more = list.length > mostNames ? [`  and ${list.length - mostNames} more`] : [];
  return [`${title}:`, ...list.slice(0, mostNames).map((each) => `  ${each}`), ...more];
}

function checkedLines({ manifest, damage, unlisted, differences, ...rest }: BackupCheck): string[] {
  const damaged = table(
    ['file', 'what'],
    damage.map(({ path, what }) => [path, what]),
  );
  return [
    contentLine(manifest),
    ...(damage.length > 0
      ? ['', ...damaged, '', `${damage.length} thing(s) are damaged: do not use this backup.`]
      : []),
    ...named('In the folder, and not of the backup', unlisted),
    ...named(
      'Not in here',
      manifest.leftOut.map(({ place, why }) => `${place}: ${why}`),
    ),
    ...named(
      'Store and spool differed then: enrol spool check, after a restore, tells more',
      differences.map(({ kind, place }) => `${place}: ${kind}`),
    ),
    ...(damage.length > 0 ? [] : ['Every file is as it was saved.', ...goesOn(rest)]),
  ];
}

function goesOn({ pending, needsMigration }: { pending: Pending | null; needsMigration: boolean }): string[] {
  if (needsMigration) return ['The store is older than this program: run enrol migrate after the restore.'];
  if (pending === null) return [];
  const { devices, documents, requests } = pending;
  const { queued, sent, accepted, pending: open } = requests;
  return [
    'What goes on when the processes are started:',
    `  ${devices} device(s) are asked for, ${documents} document(s) are published`,
    `  requests to providers: ${queued} are sent, ${sent} without an answer and ${accepted + open} without a result are asked about`,
  ];
}

function restoredLines({ home, manifest, files, kept, storeOnly, ...rest }: RestoreReport): string[] {
  const store = manifest.store.engine === 'sqlite' ? 'the store' : 'no store';
  return [
    `Restored into ${home}: ${store}, ${files} file(s) of the spool, as of ${shortTime(manifest.at)} UTC.`,
    ...named('Was there and was kept', kept),
    ...named(
      'To be put there from elsewhere',
      manifest.leftOut.map(({ place, why }) => `${place}: ${why}`),
    ),
    ...goesOn(rest),
    'Next, before anything is started (docs/backup.md):',
    ...(rest.needsMigration ? ['  enrol migrate'] : []),
    '  enrol config check',
    '  enrol spool check',
    ...(storeOnly ? ['  enrol spool adopt --reason "…": what came since the backup stays a duplicate'] : []),
    '  enrol request list --open, and each provider’s portal: what was sent since the backup is not known here',
    '  then loader, extractor and scheduler, and the adaptor last',
  ];
}
