// The command line as data, read from the program itself: what a completion script needs to know.
import type { Argument, Command, Option } from 'commander';

/** What a value can be: one of a few words, a file, a directory, or anything. */
export type ValueWords =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'directory' | 'free' };

export interface OptionNode {
  /** Long, then short where there is one; with their dashes. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null for a flag without value. */
  readonly value: ValueWords | null;
}

export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  /** Of the first argument; null where there is none. */
  readonly argument: ValueWords | null;
  readonly commands: readonly CommandNode[];
}

/** As its help shows it, so without what is hidden. */
export function treeOf(command: Command): CommandNode {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    description: firstSentence(command.description()),
    options: help.visibleOptions(command).map(optionNode),
    argument: argument === undefined ? null : argumentWords(argument),
    commands: help.visibleCommands(command).map((inner) =>
      // The command `help` takes the name of another.
      inner.name() === 'help' ? helpNode(inner, command) : treeOf(inner),
    ),
  };
}

function helpNode(help: Command, program: Command): CommandNode {
  const words = program.commands.map((command) => command.name());
  const description = firstSentence(help.description());
  return {
    name: 'help',
    description,
    options: [],
    argument: { kind: 'words', words },
    commands: [],
  };
}

function optionNode(option: Option): OptionNode {
  const names = [option.long, option.short].filter((name) => name !== undefined && name !== null);
  const takesValue = option.required || option.optional;
  return {
    names,
    description: firstSentence(option.description),
    value: takesValue ? valueWords(option.argChoices, option.flags) : null,
  };
}

const argumentWords = (argument: Argument): ValueWords =>
  valueWords(argument.argChoices, `<${argument.name()}>`);

/** The name of a value says what it is: `<file>`, `<dir>`. */
function valueWords(choices: readonly string[] | undefined, flags: string): ValueWords {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (/[<[](?:file|path|module)(?:\.\.\.)?[\]>]/.test(flags)) return { kind: 'file' };
  if (/[<[](?:dir|directory|folder)[\]>]/.test(flags)) return { kind: 'directory' };
  return { kind: 'free' };
}

const firstSentence = (text: string): string => (text.split('\n', 1)[0] ?? '').trim();
