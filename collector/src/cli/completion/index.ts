// `weir completion SHELL`: a script made from the program's own commands and options.
//
// The scripts are complete in themselves: pressing Tab starts no Node, which would take longer than
// anyone waits. So they know nothing of a running instance.
import { Command } from 'commander';
import { withChoices } from '../did-you-mean.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { treeOf } from './tree.js';
import { zshScript } from './zsh.js';

export const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
export type Shell = keyof typeof SHELLS;

export const completionScript = (program: Command, shell: Shell): string =>
  SHELLS[shell](treeOf(program));

export function completionCommand(): Command {
  const command = new Command('completion').addHelpText(
    'after',
    '\nbash: source <(weir completion bash)\nzsh:  source <(weir completion zsh)\n' +
      'fish: weir completion fish | source',
  );
  command.addArgument(withChoices(command.createArgument('<shell>'), Object.keys(SHELLS)));
  return command.action((shell: Shell) => {
    process.stdout.write(completionScript(command.parent ?? command, shell));
  });
}
