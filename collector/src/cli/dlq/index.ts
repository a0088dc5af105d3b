// `weir dlq`: messages that no loader could process.
import { Command } from 'commander';
import { listCommand } from './list.js';
import { replayCommand } from './replay.js';
import { showCommand } from './show.js';

export function dlqCommand(): Command {
  const command = new Command('dlq').addHelpText(
    'after',
    '\nA dead letter is a message that could not be processed; an event that is invalid is in' +
      '\nquarantine instead (weir quarantine). docs/kafka-dlq.md says what to do with each.',
  );
  for (const below of [listCommand(), showCommand(), replayCommand()])
    command.addCommand(
      below.exitOverride().showHelpAfterError(`(weir dlq ${below.name()} --help shows how)`),
    );
  return command;
}
