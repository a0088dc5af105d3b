// `weir storage rebuild-ledger`: the rows of the ledger again from the tables.
import { WeirError } from '@weir/pipeline';
import { readStorageStatus, rebuildLedger, tableNames } from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { addInstanceOptions, findInstance, type InstanceFlags } from '../instance.js';
import { count } from '../numbers.js';
import { withStore } from '../open-store.js';

interface RebuildFlags extends InstanceFlags {
  readonly json?: true;
}

export function rebuildLedgerCommand(): Command {
  const command = new Command('rebuild-ledger')
    .description('Make the rows of the ledger again from the tables that it is about.')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nFor a ledger whose table was lost. It only adds, so running it again changes nothing, also\n' +
        'beside weir run. What has expired cannot be made again: weir verify says then that those\n' +
        'numbers are missing.',
    );
  return addInstanceOptions(command).action(run);
}

const KINDS = ['stored', 'quarantined', 'filtered', 'lost'] as const;

async function run(flags: RebuildFlags): Promise<void> {
  const instance = findInstance(flags);
  const tables = tableNames(instance.eventsTable);
  const { cluster } = instance.config.store;
  const report = await withStore(instance, async (store) => {
    const { profile, eventsTable } = await readStorageStatus(store, tables);
    if (profile === null)
      throw new WeirError('WEIR_USAGE', `there are no tables of Weir for ${eventsTable}`);
    return rebuildLedger(store, tables, { profile, cluster });
  });
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const lines = KINDS.map((kind) => {
    const added = report.after[kind] - report.before[kind];
    return `${kind}: ${count(report.after[kind])} numbers, ${count(added)} of them added`;
  });
  process.stdout.write(`${lines.join('\n')}\n`);
}
