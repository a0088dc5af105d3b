// `weir storage migrate`: the tables as this version wants them, or what that would take.
import { applyMigrations, planMigrations } from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { migrationOptions } from '../../run/sinks/migration-options.js';
import { addInstanceOptions, findInstance, type InstanceFlags } from '../instance.js';
import { withStore } from '../open-store.js';
import { retentionText } from './text.js';

interface MigrateFlags extends InstanceFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .description('Bring the tables up to date; weir run does so at each start.')
    .option('--dry-run', 'only print the statements')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nEach migration is applied once and noted with its checksum; running this again changes\n' +
        'nothing. Retention follows store.ttl_days, store.retention and store.quarantine_ttl_days.\n' +
        'With store.cluster every statement is for all servers of the cluster.',
    );
  return addInstanceOptions(command).action(run);
}

async function run(flags: MigrateFlags): Promise<void> {
  const instance = findInstance(flags);
  const options = { ...migrationOptions(instance.config), eventsTable: instance.eventsTable };
  await withStore(instance, async (store) => {
    const plan = await planMigrations(store, options);
    if (!flags.dryRun) await applyMigrations(store, options);
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ applied: !flags.dryRun, ...plan }, null, 2)}\n`);
      return;
    }
    const lines: string[] = [];
    for (const { name, statements } of plan.pending) {
      lines.push(flags.dryRun ? `-- ${name}` : `applied ${name}`);
      if (flags.dryRun) lines.push(...statements.map((sql) => `${sql};`));
    }
    for (const { table, from, to } of plan.retention)
      lines.push(
        `${flags.dryRun ? '-- ' : ''}retention of ${table}: ${retentionText(from)} -> ${retentionText(to)}`,
      );
    if (lines.length === 0) lines.push('nothing to apply');
    process.stdout.write(`${lines.join('\n')}\n`);
  });
}
