// `weir run`: the main job. What it does is in run/foreground.ts, which is loaded only when it runs:
// every other command starts in half the time.
import { Command } from 'commander';
import type { RunOptions } from '../run/foreground.js';

export function runCommand(): Command {
  return new Command('run')
    .option(
      '--config <file>',
      'file (TOML, YAML, JSON), conf.d folder or pipeline module; default ./weir.{toml,yaml,json} or ./weir.d',
    )
    .option('--data <dir>', 'data directory (default ./var)')
    .option('--syslog <host:port>', 'where syslog listens, UDP and TCP (default 127.0.0.1:5514)')
    .option('--http <host:port>', 'where HTTP listens (default 127.0.0.1:8514)')
    .option('--quiet', 'no status lines')
    .addHelpText(
      'after',
      '\nWithout [sinks] the environment says where events go: KAFKA_BROKERS (a topic, KAFKA_TOPIC),' +
        '\nelse SIEM_BASE_URL (another Weir), else CLICKHOUSE_URL (a server), else the embedded store.' +
        '\nEVENTS_TABLE: default dev.events.' +
        '\nFlags go over environment, environment over file.',
    )
    .action(async (options: RunOptions) => {
      const { runInForeground } = await import('../run/foreground.js');
      await runInForeground(options);
    });
}
