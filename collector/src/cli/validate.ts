import { Command } from 'commander';
import { loadConfig } from '../config/load.js';

export function validateCommand(): Command {
  return new Command('validate')
    .description('Check a configuration file without running it.')
    .argument('<file>', 'TOML or JSON, by its ending')
    .option('--json', 'print the configuration with its defaults as JSON')
    .action((file: string, options: { json?: true }) => {
      const { config } = loadConfig({ config: file }, process.env);
      const text = options.json
        ? JSON.stringify(config, null, 2)
        : `${file}: valid, ${Object.keys(config.sources).length} sources`;
      process.stdout.write(`${text}\n`);
    });
}
