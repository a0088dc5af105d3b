// `weir spool`: what an operator does with the disk buffer of an instance.
import { Command } from 'commander';
import { exportCommand } from './export.js';
import { fsckCommand } from './fsck.js';
import { inspectCommand } from './inspect.js';
import { repairCommand } from './repair.js';

export function spoolCommand(): Command {
  const command = new Command('spool').addHelpText(
    'after',
    '\nDIR is the data directory of an instance, or its folder spool.\n' +
      'Start here: weir spool inspect DIR, and if something looks wrong, weir spool fsck DIR.',
  );
  for (const below of [inspectCommand(), fsckCommand(), repairCommand(), exportCommand()])
    command.addCommand(
      below.exitOverride().showHelpAfterError(`(weir spool ${below.name()} --help shows how)`),
    );
  return command;
}
