// Completion for fish.
import type { CommandNode, OptionNode, ValueWords } from './tree.js';

export function fishScript(program: CommandNode): string {
  const { name } = program;
  return `# Completion of ${name} for fish. Put this into ~/.config/fish/config.fish:
#   ${name} completion fish | source
complete -c ${name} -f
${linesOf(program, name, []).join('\n')}
`;
}

/** `path`: names of the commands that stand before, without the program's. */
function linesOf(command: CommandNode, program: string, path: readonly string[]): string[] {
  const names = command.commands.map(({ name }) => name);
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const isNone = names.length > 0 ? [noneOf(names, path)] : [];
  const here = [...seen, ...isNone].join('; and ');
  const start = `complete -c ${program}${here === '' ? '' : ` -n ${quote(here)}`}`;
  const { argument } = command;
  return [
    ...command.commands.map(
      ({ name, description }) => `${start} -a ${name} -d ${quote(description)}`,
    ),
    ...command.options.map((option) => `${start} ${optionWords(option)}`),
    ...(argument === null || argument.kind === 'free' ? [] : [`${start} ${valueWords(argument)}`]),
    ...command.commands.flatMap((inner) => linesOf(inner, program, [...path, inner.name])),
  ];
}

const noneOf = (names: readonly string[], path: readonly string[]): string =>
  path.length === 0
    ? '__fish_use_subcommand'
    : `not __fish_seen_subcommand_from ${names.join(' ')}`;

function optionWords({ names, description, value }: OptionNode): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const taken = value === null ? '' : value.kind === 'free' ? ' -x' : ` -r ${valueWords(value)}`;
  return `${flags.join(' ')}${taken} -d ${quote(description)}`;
}

function valueWords(value: ValueWords): string {
  switch (value.kind) {
    case 'words':
      return `-f -a ${quote(value.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'directory':
      return "-f -a '(__fish_complete_directories)'";
    case 'free':
      return '-f';
  }
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
