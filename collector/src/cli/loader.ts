// `weir loader`: the way from the topic into ClickHouse.
import { Command } from 'commander';
import type { LoaderCommandOptions } from '../loader/foreground.js';

export function loaderCommand(): Command {
  return new Command('loader')
    .option('--config <file>', 'file with [kafka] and [store]; default as for weir run')
    .option('--http <host:port>', 'serve /healthz, /readyz and /metrics here')
    .option('--quiet', 'no status lines')
    .addHelpText(
      'after',
      '\nKAFKA_BROKERS, KAFKA_TOPIC (siem.events.v1), KAFKA_GROUP_ID (siem-v2), CLICKHOUSE_URL' +
        '\n(http://localhost:8123) and EVENTS_TABLE (dev.events) go over the file. Start as many as' +
        '\nthere is work for, at most one for each partition: the group shares the partitions, and' +
        '\nany of them may die, stall or join at any time.',
    )
    .action(async (options: LoaderCommandOptions) => {
      const { runLoader } = await import('../loader/foreground.js');
      await runLoader(options);
    });
}
