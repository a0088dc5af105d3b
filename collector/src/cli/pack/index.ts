// `weir pack`: parsers of one's own.
import { Command } from 'commander';
import { newCommand } from './new.js';

export function packCommand(): Command {
  return new Command('pack')
    .addHelpText(
      'after',
      '\nStart here: weir pack new my_device; docs/packs/README.md lists the packs that come with Weir.',
    )
    .addCommand(newCommand().exitOverride().showHelpAfterError('(weir pack new --help shows how)'));
}
