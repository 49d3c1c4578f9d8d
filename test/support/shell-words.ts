/** One command of a line, as far as the examples of the documents need a shell. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** File that its output goes to. */
  readonly output: string | undefined;
}

/**
 * The commands of a block: joined by `&&`, `||`, `|` or line ends; `\` at the end of a line goes on, `#` begins a comment,
 * quotes keep blanks together.
 */
export function shellCommands(block: string): ShellCommand[] {
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => commandsOf(wordsOf(line)));
}

const joints = ['&&', '||', '|', ';'];

function commandsOf(words: readonly string[]): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let rest = words;
  while (rest.length > 0) {
    const joint = rest.findIndex((word) => joints.includes(word));
    const own = joint === -1 ? rest : rest.slice(0, joint);
    rest = joint === -1 ? [] : rest.slice(joint + 1);
    const arrow = own.indexOf('>');
    if (own.length > 0)
      commands.push({
        words: arrow === -1 ? own : own.slice(0, arrow),
        output: arrow === -1 ? undefined : own[arrow + 1],
      });
  }
  return commands;
}

function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word);
  const comment = words.findIndex((word) => word.startsWith('#'));
  const code = comment === -1 ? words : words.slice(0, comment);
  return code.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
