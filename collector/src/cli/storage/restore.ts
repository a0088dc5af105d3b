// `weir storage restore`: the tables as a backup has them.
import { resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeFiles, nodeTimers } from '@weir/pipeline/node';
import {
  applyMigrations,
  type MigrationOptions,
  readStorageStatus,
  rebuildLedger,
  replaceTables,
  type Store,
  tableNames,
} from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { DirectoryLease } from '../../run/directory-lease.js';
import { migrationOptions } from '../../run/sinks/migration-options.js';
import { BACKUPS_FOLDER, backupPath } from '../../storage/backup-store.js';
import { type RestoreReport, restoreStore } from '../../storage/restore-store.js';
import {
  addInstanceOptions,
  findInstance,
  type Instance,
  type InstanceFlags,
} from '../instance.js';
import { count } from '../numbers.js';
import { withStore } from '../open-store.js';
import { isEmbedded, serverPlace } from './place.js';

interface RestoreFlags extends InstanceFlags {
  readonly disk?: string;
  readonly force?: true;
  readonly json?: true;
}

export function restoreCommand(): Command {
  const command = new Command('restore')
    .description('Make the store anew from a backup.')
    .argument(
      '<dir_or_name>',
      `what backup was given: a path, or a name below DATA/${BACKUPS_FOLDER}`,
    )
    .option('--disk <name>', 'of a server: its disk for backups')
    .option('--force', 'replace tables that are there; what only they hold is gone')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nThe embedded store: stop weir run first. Every file is checked against the manifest; the new\n' +
        'store takes the place of the old one when it is whole. Its sinks are then given again what the\n' +
        'spool still holds. What was stored after the backup and is no longer in the spool is gone:\n' +
        'weir verify names it as missing, for as long as nobody brings it back.\n' +
        'A server: stop every loader first.',
    );
  return addInstanceOptions(command).action(run);
}

async function run(given: string, flags: RestoreFlags): Promise<void> {
  const instance = findInstance(flags);
  const migrations = { ...migrationOptions(instance.config), eventsTable: instance.eventsTable };
  if (!isEmbedded(instance)) {
    const report = await restoreServer(given, flags, instance, migrations);
    const { stored, quarantined } = report;
    const text = `${count(stored)} events stored, ${count(quarantined)} in quarantine`;
    process.stdout.write(`${flags.json ? JSON.stringify(report) : text}\n`);
    return;
  }
  if (flags.disk !== undefined)
    throw new WeirError(
      'WEIR_USAGE',
      '--disk names a disk of a server; the embedded store has none',
    );
  if (instance.isRunning)
    throw new WeirError(
      'WEIR_DATA_DIR_LOCKED',
      `weir run uses ${instance.directory}: stop it first`,
    );
  const lease = new DirectoryLease(instance.directory);
  lease.take();
  try {
    const report = await restoreStore({
      files: nodeFiles(),
      timers: nodeTimers,
      directory: instance.directory,
      backup: resolve(backupPath(instance.directory, given)),
      force: flags.force ?? false,
      migrations,
    });
    process.stdout.write(`${flags.json ? toJson(report) : toText(report)}\n`);
  } finally {
    lease.leave();
  }
}

function toJson({ manifest, ...report }: RestoreReport): string {
  const { files, ...about } = manifest;
  return JSON.stringify({ ...report, backup: { ...about, files: files.length } }, null, 2);
}

function toText(report: RestoreReport): string {
  const { manifest, stored, quarantined, ledgerAdded, rewound, pendingEvents } = report;
  const lines = [
    `the store is as of ${manifest.startedAt}: ` +
      `${count(stored)} events stored, ${count(quarantined)} in quarantine`,
  ];
  if (ledgerAdded > 0)
    lines.push(`${count(ledgerAdded)} numbers were added to its ledger from its tables`);
  if (rewound.length > 0)
    lines.push(
      `the spool still holds ${count(pendingEvents)} events for ${rewound.join(', ')}: weir run ` +
        'sends again what the tables lack of them',
    );
  lines.push('what was stored later and left the spool is gone: weir verify names it');
  return lines.join('\n');
}

async function restoreServer(
  given: string,
  flags: RestoreFlags,
  instance: Instance,
  migrations: MigrationOptions,
): Promise<{ readonly stored: number; readonly quarantined: number }> {
  const tables = tableNames(instance.eventsTable);
  const { profile, cluster = '' } = migrations;
  const place = serverPlace(given, flags.disk);
  return withStore(instance, async (store: Store) => {
    const { tables: there } = await readStorageStatus(store, tables);
    const rows = there
      .filter(({ name }) => name !== 'weir_migrations')
      .reduce((sum, table) => sum + table.rows, 0);
    if (rows > 0 && !flags.force)
      throw new WeirError(
        'WEIR_USAGE',
        `the tables of ${instance.eventsTable} hold ${count(rows)} rows; --force replaces them by ` +
          'the backup, and what only they hold is gone',
      );
    await replaceTables({ store, tables, profile, place, timers: nodeTimers, cluster });
    await applyMigrations(store, migrations);
    const { after } = await rebuildLedger(store, tables, { profile, cluster });
    return { stored: after.stored, quarantined: after.quarantined };
  });
}
