import { Help, type Command } from 'commander';

/** A command of `enrol`, or `enrol` itself, as what is made from it needs it. */
export interface Described {
  /** Its words: `[]` is `enrol` itself, `['file', 'show']` one of its commands. */
  readonly path: readonly string[];
  /** Arguments and options: `file show [options] <id>`. */
  readonly usage: string;
  readonly what: string;
  readonly commands: readonly string[];
  readonly options: readonly OptionText[];
}

export interface OptionText {
  /** `--reason <text>` */
  readonly term: string;
  /** `--reason` */
  readonly name: string;
  readonly what: string;
}

/** Every command in the order of the help, each before its own. */
export function describeCommands(command: Command, path: readonly string[] = []): Described[] {
  const help = new Help();
  const inner = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  const described = {
    path,
    usage: [...path, command.usage()].join(' '),
    what: command.description(),
    commands: inner.map((each) => each.name()),
    options: help.visibleOptions(command).map((option) => ({
      term: help.optionTerm(option),
      name: option.long ?? option.flags,
      what: help.optionDescription(option),
    })),
  };
  return [described, ...inner.flatMap((each) => describeCommands(each, [...path, each.name()]))];
}
