// Completion for bash 4 and later, without the package bash-completion.
import type { CommandNode, OptionNode, ValueWords } from './tree.js';

interface Placed {
  /** Names from the program down, joined by blanks. */
  readonly path: string;
  readonly command: CommandNode;
}

export function bashScript(program: CommandNode): string {
  const { name } = program;
  const placed = placedCommands(program, '');
  const shell = `_${name.replaceAll('-', '_')}`;
  return `# Completion of ${name} for bash. Put this into ~/.bashrc:
#   source <(${name} completion bash)
${shell}_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
${shell}_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
${shell}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path=${name} index
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $cur == = ]]; then cur=; fi
  if [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path \${COMP_WORDS[index]}" in
      ${placed
        .filter(({ path }) => path !== name)
        .map(({ path }) => quote(path))
        .join(' | ')}) path="$path \${COMP_WORDS[index]}" ;;
    esac
  done
  case "$path $prev" in
${placed.flatMap(({ path, command }) => valueCases(path, command.options, shell)).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $path in
${placed.map(({ path, command }) => optionCase(path, command, shell)).join('\n')}
    esac
    return
  fi
  case $path in
${placed.flatMap(({ path, command }) => argumentCase(path, command, shell)).join('\n')}
  esac
}
complete -F ${shell} ${name}
`;
}

function placedCommands(command: CommandNode, above: string): Placed[] {
  const path = above === '' ? command.name : `${above} ${command.name}`;
  return [{ path, command }, ...command.commands.flatMap((inner) => placedCommands(inner, path))];
}

/** One line for each option that takes a value. */
function valueCases(path: string, options: readonly OptionNode[], shell: string): string[] {
  return options.flatMap(({ names, value }) => {
    if (value === null) return [];
    const patterns = names.map((name) => quote(`${path} ${name}`)).join(' | ');
    return [`    ${patterns}) ${valueCall(value, shell)}; return ;;`];
  });
}

function optionCase(path: string, { options }: CommandNode, shell: string): string {
  const names = options.flatMap((option) => option.names);
  return `      ${quote(path)}) ${shell}_words ${quote(names.join(' '))} ;;`;
}

function argumentCase(path: string, command: CommandNode, shell: string): string[] {
  const names = command.commands.map(({ name }) => name);
  const value: ValueWords | null =
    names.length > 0 ? { kind: 'words', words: names } : command.argument;
  if (value === null || value.kind === 'free') return [];
  return [`    ${quote(path)}) ${valueCall(value, shell)} ;;`];
}

function valueCall(value: ValueWords, shell: string): string {
  switch (value.kind) {
    case 'words':
      return `${shell}_words ${quote(value.words.join(' '))}`;
    case 'file':
      return `${shell}_files -f`;
    case 'directory':
      return `${shell}_files -d`;
    case 'free':
      return ':';
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
