import { CommanderError } from 'commander';

import { exitCodeOf, exitCodes } from '../shared/runtime/exit-codes.ts';
import { Fault, toFault } from '../shared/runtime/faults.ts';
import { keepPrivate } from '../shared/runtime/private-process.ts';
import { escapeControls } from './output.ts';
import { program } from './program.ts';

/** Runs one command line, and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  keepPrivate();
  const json = argv.includes('--json');
  process.stdout.on('error', onStdoutError);
  try {
    await (await program(argv)).parseAsync(argv);
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
