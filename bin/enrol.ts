import { Command, CommanderError } from 'commander';

import { exitCodeOf, exitCodes } from '../shared/runtime/exit-codes.ts';
import { toFault, type Fault } from '../shared/runtime/faults.ts';
import { batchCommands } from './commands/batches.ts';
import { configCommands } from './commands/config.ts';
import { daemonCommands } from './commands/daemons.ts';
import { deviceCommands } from './commands/devices.ts';
import { fileCommands } from './commands/files.ts';
import { installCommands } from './commands/install.ts';
import { jobCommands } from './commands/jobs.ts';
import { keyCommands } from './commands/keys.ts';
import { orderCommands } from './commands/orders.ts';
import { statusCommands } from './commands/status.ts';

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
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  const groups = [
    installCommands,
    daemonCommands,
    orderCommands,
    deviceCommands,
    batchCommands,
    fileCommands,
    jobCommands,
    statusCommands,
    configCommands,
    keyCommands,
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
  try {
    await program().parseAsync(argv);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Commander has printed its message, or the help that was asked for.
      process.exitCode = thrown.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
      return;
    }
    const fault = toFault(thrown);
    report(fault, argv.includes('--json'));
    process.exitCode = exitCodeOf(fault.code);
  }
}

function report(fault: Fault, json: boolean): void {
  const { code, detail, action } = fault;
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, detail, action } }, null, 2)}\n`);
  else {
    process.stderr.write(`enrol: ${code}: ${detail}\nWhat to do: ${action}\n`);
    if (fault.class === 'bug')
      process.stderr.write(`${(fault.cause as Error | undefined)?.stack ?? fault.stack ?? ''}\n`);
  }
}
