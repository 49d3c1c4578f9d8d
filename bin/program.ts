import { Command } from 'commander';

import { exitCodes } from '../shared/runtime/exit-codes.ts';
import { version } from '../shared/runtime/version.ts';

/** Commands that stand in one file, under `commands/`. */
interface Group {
  /** What it adds to the program. */
  readonly verbs: readonly string[];
  readonly load: () => Promise<(enrol: Command) => void>;
}

/** In the order of the help. Each is loaded only when it is called, or everything is to be told: so a command starts soon. */
const groups: readonly Group[] = [
  { verbs: ['init', 'migrate'], load: async () => (await import('./commands/install.ts')).installCommands },
  { verbs: ['service'], load: async () => (await import('./commands/service.ts')).serviceCommands },
  { verbs: ['store'], load: async () => (await import('./commands/store.ts')).storeCommands },
  { verbs: ['backup', 'restore'], load: async () => (await import('./commands/backup.ts')).backupCommands },
  {
    verbs: ['loader', 'extractor', 'adaptor', 'scheduler', 'up'],
    load: async () => (await import('./commands/daemons.ts')).daemonCommands,
  },
  { verbs: ['console'], load: async () => (await import('./commands/console.ts')).consoleCommands },
  { verbs: ['orders'], load: async () => (await import('./commands/orders.ts')).orderCommands },
  { verbs: ['device'], load: async () => (await import('./commands/devices.ts')).deviceCommands },
  { verbs: ['batch'], load: async () => (await import('./commands/batches.ts')).batchCommands },
  { verbs: ['request'], load: async () => (await import('./commands/requests.ts')).requestCommands },
  { verbs: ['file'], load: async () => (await import('./commands/files.ts')).fileCommands },
  { verbs: ['explain'], load: async () => (await import('./commands/explain.ts')).explainCommands },
  { verbs: ['intake'], load: async () => (await import('./commands/intake.ts')).intakeCommands },
  { verbs: ['spool'], load: async () => (await import('./commands/spool.ts')).spoolCommands },
  { verbs: ['job'], load: async () => (await import('./commands/jobs.ts')).jobCommands },
  { verbs: ['retention'], load: async () => (await import('./commands/retention.ts')).retentionCommands },
  { verbs: ['status', 'events'], load: async () => (await import('./commands/status.ts')).statusCommands },
  { verbs: ['tail'], load: async () => (await import('./commands/tail.ts')).tailCommands },
  { verbs: ['health'], load: async () => (await import('./commands/health.ts')).healthCommands },
  { verbs: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctorCommands },
  { verbs: ['property'], load: async () => (await import('./commands/properties.ts')).propertyCommands },
  { verbs: ['probe'], load: async () => (await import('./commands/probes.ts')).probeCommands },
  { verbs: ['config'], load: async () => (await import('./commands/config.ts')).configCommands },
  { verbs: ['keys', 'open', 'seal'], load: async () => (await import('./commands/keys.ts')).keyCommands },
  { verbs: ['user'], load: async () => (await import('./commands/users.ts')).userCommands },
  { verbs: ['token'], load: async () => (await import('./commands/tokens.ts')).tokenCommands },
  { verbs: ['api'], load: async () => (await import('./commands/api.ts')).apiCommands },
];

/**
 * `enrol`, with the verb that this command line asks for; with every verb when it names none of them. The work is done
 * elsewhere; here are names, options and help.
 *
 * @param argv as `process.argv`
 */
export async function program(argv: readonly string[] = []): Promise<Command> {
  const enrol = new Command('enrol')
    .description('Device enrolment: sales orders out to enrolment providers, and their answers back.')
    .option(
      '--home <dir>',
      'root of config/, spool/ and var/ (default: $ENROL_HOME, else the program’s folder)',
    )
    .option('--config <file>', 'configuration file (default: <home>/config/enrol.yaml)')
    .option('--json', 'print one JSON document instead of text')
    .version(version, '--version', 'print the version')
    .addHelpText('after', exitCodeHelp)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const [verb = ''] = enrol.parseOptions(argv.slice(2)).operands;
  const asked = groups.filter(({ verbs }) => verbs.includes(verb));
  for (const { load } of asked.length > 0 ? asked : groups) (await load())(enrol);
  return enrol;
}

const exitCodeHelp = (): string =>
  `\nExit codes:\n${Object.values(exitCodes)
    .map(({ code, meaning }) => `  ${code}  ${meaning}`)
    .join('\n')}`;
