import { exitCodes } from '../shared/runtime/exit-codes.ts';
import type { Described, OptionText } from './command-tree.ts';

/** The manual page of `enrol`, in the macros of man(7). */
export function manual(commands: readonly Described[], version: string, epoch: number): string {
  const [whole, ...others] = commands;
  if (whole === undefined) throw new Error('there are no commands');
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  const leaves = others.filter((each) => each.commands.length === 0);
  return [
    `.TH ENROL 1 "${date}" "device\\-enrolment ${version}" "Device Enrolment"`,
    '.SH NAME',
    'enrol \\- device enrolment: sales orders to enrolment providers, and their answers back',
    '.SH SYNOPSIS',
    '.B enrol',
    '.RI [ option "...] " command " [" argument ...]',
    '.SH DESCRIPTION',
    text(whole.what),
    '.PP',
    'As the Debian package has it, root becomes the user device\\-enrolment, to whom the installation belongs,',
    'unless \\-\\-home or ENROL_HOME name another one, or the command is',
    '.BR "enrol service" .',
    '.SH OPTIONS',
    'With every command:',
    ...whole.options.flatMap(option),
    '.SH COMMANDS',
    ...leaves.flatMap(({ usage, what, options }) => [
      `.SS "enrol ${text(usage)}"`,
      text(what),
      ...options.filter(({ name }) => name !== '--help').flatMap(option),
    ]),
    '.SH EXIT STATUS',
    ...Object.values(exitCodes).flatMap(({ code, meaning }) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B ENROL_HOME',
    'The home of the installation, where \\-\\-home names none.',
    '.TP',
    '.B CREDENTIALS_DIRECTORY',
    'Where secrets are looked for by their names, before the files that the configuration names.',
    '.SH FILES',
    '.TP',
    '.I <home>/config/enrol.yaml',
    'The configuration; every setting is explained there.',
    '.TP',
    '.I <home>/spool',
    'Where files come in and go out.',
    '.TP',
    '.I <home>/var',
    'The store, keys and secrets.',
    '.TP',
    '.I /var/lib/device\\-enrolment',
    'The home of the Debian package.',
    '',
  ].join('\n');
}

const option = ({ term, what }: OptionText): string[] => ['.TP', `.B ${text(term)}`, text(what)];

/** What begins a request or an escape in roff is text here, and `-` is that of the keyboard. */
const text = (plain: string): string => {
  const escaped = plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('’', "'")
    .replaceAll('…', '...');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
};
