// `weir generate`: a commented example configuration, made from the schema.
import { Command, Option } from 'commander';
import {
  DEFAULT_SELECTION,
  EXAMPLE_FORMATS,
  type ExampleFormat,
  generateConfiguration,
} from '../config/generate/index.js';
import { withChoices } from './did-you-mean.js';

export function generateCommand(): Command {
  return new Command('generate')
    .argument(
      '[selection]',
      'SOURCES/TRANSFORMS/SINKS, each a list of types such as syslog,http/filter/file',
      DEFAULT_SELECTION,
    )
    .addOption(
      withChoices(
        new Option('--format <name>', 'JSON has no comments: it shows every default'),
        EXAMPLE_FORMATS,
      ).default('toml'),
    )
    .action((selection: string, { format }: { format: ExampleFormat }) => {
      process.stdout.write(generateConfiguration(selection, format));
    });
}
