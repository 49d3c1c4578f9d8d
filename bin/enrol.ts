import { Command, CommanderError } from 'commander';

import { version } from '../shared/daemon/process.ts';
import { exitCodeOf, exitCodes } from '../shared/runtime/exit-codes.ts';
import { Fault, toFault } from '../shared/runtime/faults.ts';
import { keepPrivate } from '../shared/runtime/private-process.ts';
import { apiCommands } from './commands/api.ts';
import { backupCommands } from './commands/backup.ts';
import { batchCommands } from './commands/batches.ts';
import { configCommands } from './commands/config.ts';
import { consoleCommands } from './commands/console.ts';
import { daemonCommands } from './commands/daemons.ts';
import { deviceCommands } from './commands/devices.ts';
import { doctorCommands } from './commands/doctor.ts';
import { explainCommands } from './commands/explain.ts';
import { fileCommands } from './commands/files.ts';
import { intakeCommands } from './commands/intake.ts';
import { healthCommands } from './commands/health.ts';
import { installCommands } from './commands/install.ts';
import { jobCommands } from './commands/jobs.ts';
import { keyCommands } from './commands/keys.ts';
import { orderCommands } from './commands/orders.ts';
import { probeCommands } from './commands/probes.ts';
import { propertyCommands } from './commands/properties.ts';
import { requestCommands } from './commands/requests.ts';
import { serviceCommands } from './commands/service.ts';
import { spoolCommands } from './commands/spool.ts';
import { retentionCommands } from './commands/retention.ts';
import { statusCommands } from './commands/status.ts';
import { storeCommands } from './commands/store.ts';
import { tailCommands } from './commands/tail.ts';
import { tokenCommands } from './commands/tokens.ts';
import { userCommands } from './commands/users.ts';
import { escapeControls } from './output.ts';

/** `enrol`: every verb of the product. The work is done elsewhere; here are names, options and help. */
export function program(): Command {
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
  const groups = [
    installCommands,
    serviceCommands,
    storeCommands,
    backupCommands,
    daemonCommands,
    consoleCommands,
    orderCommands,
    deviceCommands,
    batchCommands,
    requestCommands,
    fileCommands,
    explainCommands,
    intakeCommands,
    spoolCommands,
    jobCommands,
    retentionCommands,
    statusCommands,
    tailCommands,
    healthCommands,
    doctorCommands,
    propertyCommands,
    probeCommands,
    configCommands,
    keyCommands,
    userCommands,
    tokenCommands,
    apiCommands,
  ];
  for (const addTo of groups) addTo(enrol);
  return enrol;
}

const exitCodeHelp = (): string =>
  `\nExit codes:\n${Object.values(exitCodes)
    .map(({ code, meaning }) => `  ${code}  ${meaning}`)
    .join('\n')}`;

/** Runs one command line, and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  keepPrivate();
  const json = argv.includes('--json');
  process.stdout.on('error', onStdoutError);
  try {
    await program().parseAsync(argv);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Commander has printed its message on stderr, or the help that was asked for.
      process.exitCode = thrown.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
      if (thrown.exitCode !== 0 && json) printJson(new Fault('BAD_INPUT', usageProblem(thrown)));
      return;
    }
    const fault = toFault(thrown);
    if (json) printJson(fault);
    else printText(fault);
    process.exitCode = exitCodeOf(fault.code);
  }
}

/** A reader that has had enough, like `head`, is no failure. The log of a daemon sees to itself. */
function onStdoutError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`enrol: cannot write to stdout: ${error.message}\n`);
  process.exitCode = exitCodes.failed.code;
}

const usageProblem = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '');

function printJson({ code, detail, action }: Fault): void {
  process.stdout.write(`${JSON.stringify({ error: { code, detail, action } }, null, 2)}\n`);
}

function printText(fault: Fault): void {
  process.stderr.write(
    `enrol: ${fault.code}: ${escapeControls(fault.detail)}\nWhat to do: ${fault.action}\n`,
  );
  if (fault.class === 'bug')
    process.stderr.write(`${(fault.cause as Error | undefined)?.stack ?? fault.stack ?? ''}\n`);
}
