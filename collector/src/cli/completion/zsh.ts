// Completion for zsh, on its own _arguments.
import type { CommandNode, OptionNode, ValueWords } from './tree.js';

export function zshScript(program: CommandNode): string {
  const { name } = program;
  const shell = functionName(name);
  return `#compdef ${name}
# Completion of ${name} for zsh. Put this into ~/.zshrc, after compinit:
#   source <(${name} completion zsh)
${functionsOf(program, shell).join('\n')}
if [ "$funcstack[1]" = ${shell} ]; then
  ${shell} "$@"
else
  compdef ${shell} ${name}
fi
`;
}

/** A function for the command, after those of the commands below it. */
function functionsOf(command: CommandNode, shell: string): string[] {
  const inner = command.commands.flatMap((below) =>
    functionsOf(below, `${shell}_${functionName(below.name).slice(1)}`),
  );
  const specs = command.options.flatMap(optionSpecs);
  if (command.commands.length === 0) {
    if (command.argument !== null) specs.push(quote(`*:: :${action(command.argument)}`));
    return [`${shell}() {\n  _arguments -s ${specs.join(' \\\n    ')}\n}`];
  }
  const names = command.commands.map(({ name, description }) =>
    quote(`${name}:${description.replaceAll(':', '\\:')}`),
  );
  const cases = command.commands.map(
    ({ name }) => `        ${name}) ${shell}_${functionName(name).slice(1)} ;;`,
  );
  return [
    ...inner,
    `${shell}() {
  local state line
  local -a commands
  typeset -A opt_args
  commands=(
    ${names.join('\n    ')}
  )
  _arguments -C ${[...specs, quote('1: :->command'), quote('*:: :->rest')].join(' \\\n    ')}
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}`,
  ];
}

function optionSpecs({ names, description, value }: OptionNode): string[] {
  const said = `[${description.replaceAll('[', '\\[').replaceAll(']', '\\]')}]`;
  const taken = value === null ? '' : `: :${action(value)}`;
  return names.map((name) => quote(`${name}${said}${taken}`));
}

function action(value: ValueWords): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'free':
      return ' ';
  }
}

const functionName = (name: string): string => `_${name.replaceAll(/[^a-z0-9]/gi, '_')}`;
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
