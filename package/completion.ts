import type { Described } from './command-tree.ts';

/** What the shells offer after `enrol`: its commands, those of a command, and options; else files. */

/** For bash-completion. */
export const bashCompletion = (commands: readonly Described[]): string => `# bash completion of enrol
_enrol() {
    local word=\${COMP_WORDS[COMP_CWORD]} path='' words i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path \${COMP_WORDS[i]}" in
${inner(commands, '            ', (path) => `path='${path}'`)}
        esac
    done
    case $path in
${words(commands, '        ', (list) => `words='${list}'`)}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _enrol enrol
`;

/** A function of zsh's own completion. */
export const zshCompletion = (commands: readonly Described[]): string => `#compdef enrol
local path_='' i
local -a offered
for ((i = 2; i < CURRENT; i++)); do
    case "$path_ \${words[i]}" in
${inner(commands, '        ', (path) => `path_='${path}'`)}
    esac
done
case $path_ in
${words(commands, '    ', (list) => `offered=(${list})`)}
esac
compadd -- $offered
_files
`;

/** Cases that lead from a command and the next word to the command within it. A command's path begins with a blank. */
const inner = (commands: readonly Described[], indent: string, then: (path: string) => string): string =>
  commands
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `${indent}' ${path.join(' ')}') ${then(` ${path.join(' ')}`)} ;;`)
    .join('\n');

/** Cases that lead from a command to what may follow. */
function words(commands: readonly Described[], indent: string, then: (list: string) => string): string {
  const [whole] = commands;
  const everywhere = whole?.options.map(({ name }) => name) ?? [];
  return commands
    .map(({ path, commands: own, options }) => {
      const list = new Set([...own, ...options.map(({ name }) => name), ...everywhere]);
      const pattern = path.length === 0 ? "''" : `' ${path.join(' ')}'`;
      return `${indent}${pattern}) ${then([...list].join(' '))} ;;`;
    })
    .join('\n');
}
