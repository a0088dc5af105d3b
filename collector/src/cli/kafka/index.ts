// `weir kafka`: what an operator asks of the cluster between edge and loaders.
import { Command } from 'commander';
import { doctorCommand } from './doctor.js';

export function kafkaCommand(): Command {
  const command = new Command('kafka').addHelpText(
    'after',
    '\nKAFKA_BROKERS, KAFKA_TOPIC and KAFKA_GROUP_ID, or [kafka] of the configuration, say which.',
  );
  for (const below of [doctorCommand()])
    command.addCommand(
      below.exitOverride().showHelpAfterError(`(weir kafka ${below.name()} --help shows how)`),
    );
  return command;
}
