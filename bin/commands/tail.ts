import { styleText } from 'node:util';

import { InvalidArgumentError, Option, type Command } from 'commander';

import type { LogLine } from '../../shared/operator/log-line.ts';
import { followLines, lastLines, logFilesOf, type LogChoice } from '../../shared/operator/log-reader.ts';
import { levels, type Level } from '../../shared/runtime/events.ts';
import { processNames } from '../../shared/runtime/process-names.ts';
import { escapeControls } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

interface TailOptions extends Omit<LogChoice, 'daemons'> {
  readonly daemon?: LogChoice['daemons'];
  readonly follow: boolean;
  readonly lines: number;
}

export function tailCommands(enrol: Command): void {
  enrol
    .command('tail')
    .description(
      'the log of all daemons, newest last, from the files of log.folder; with --json the lines as they are there',
    )
    .addHelpText(
      'after',
      examples('enrol tail --failures --follow', 'enrol tail -n 100 --daemon loader adaptor --level warn'),
    )
    .option('--failures', 'only warnings and errors, as failures.log has them', false)
    .option('--follow', 'go on with what comes, also when a file is rotated', false)
    .option('-n, --lines <n>', 'how many lines at first', lineCount, 20)
    .addOption(new Option('--daemon <name...>', 'only of these').choices(processNames))
    .addOption(new Option('--level <level>', 'the least severe that is shown').choices(levels))
    .action(async ({ daemon: daemons, follow, lines, ...choice }: TailOptions, command: Command) => {
      const session = sessionOf(command);
      const files = logFilesOf(await session.loadConfig(), { ...choice, daemons });
      const text = session.json ? rawText : peoplesText;
      const print = (told: readonly LogLine[]) => {
        if (told.length > 0) process.stdout.write(told.map((line) => `${text(line)}\n`).join(''));
      };
      const { lines: last, places } = await lastLines(files, lines);
      print(last);
      if (places.size === 0) {
        const paths = files.map(({ path }) => path).join(', ');
        process.stderr.write(`enrol: there is no log yet: ${escapeControls(paths)}\n`);
      }
      if (!follow) return;
      const tell = (told: readonly LogLine[], skipped: boolean) => {
        if (skipped) process.stderr.write('enrol: lines were left out here: too many came at once\n');
        print(told);
      };
      await followLines(files, places, tell, endOfInterest());
    });
}

function lineCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(text);
}

/** Whoever reads has had enough: Ctrl-C, or a reader like `head` that has gone. */
function endOfInterest(): AbortSignal {
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  process.stdout.once('error', end);
  return ended.signal;
}

/** As it stands in the file; what is none of our lines is still one JSON object. */
const rawText = ({ entry, whole }: LogLine): string =>
  entry === undefined ? JSON.stringify({ unreadable: whole }) : whole;

const colours = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const satisfies Record<
  Level,
  string
>;

/** Time of this place, level, daemon, event and fields; what to do stands below. Nothing in it steers the terminal. */
function peoplesText({ entry, whole }: LogLine): string {
  if (entry === undefined) return onOneLine(whole);
  const fields = entry.fields.map(([name, value]) => `${dim(`${onOneLine(name)}=`)}${fieldText(value)}`);
  const words = [
    dim(localTime(entry.time)),
    styleText(colours[entry.level], entry.level.padEnd(5)),
    onOneLine(entry.daemon.padEnd(9)),
    styleText('bold', onOneLine(entry.event)),
    ...fields,
  ];
  const todo = entry.action === undefined ? '' : `\n    ${dim('What to do:')} ${onOneLine(entry.action)}`;
  return `${words.join('  ')}${todo}`;
}

/** styleText leaves the colours out by itself: no terminal, NO_COLOR. */
const dim = (text: string): string => styleText('dim', text);

const fieldText = (value: string): string =>
  onOneLine(/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));

const onOneLine = (text: string): string => escapeControls(text.replaceAll('\n', '\\n'));

function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return onOneLine(iso);
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 23).replace('T', ' ');
}
