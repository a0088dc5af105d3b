// `weir quarantine`: events that no parser took, and what to do with them once one does.
import { Command } from 'commander';
import { listCommand } from './list.js';
import { requeueCommand } from './requeue.js';
import { showCommand } from './show.js';

export function quarantineCommand(): Command {
  const command = new Command('quarantine').addHelpText(
    'after',
    '\nStart here: weir quarantine list, then show one of its events; docs/quarantine.md says what\n' +
      'each reason means and what to do.',
  );
  for (const below of [listCommand(), showCommand(), requeueCommand()])
    command.addCommand(
      below.exitOverride().showHelpAfterError(`(weir quarantine ${below.name()} --help shows how)`),
    );
  return command;
}
