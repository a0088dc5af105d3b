// `weir storage backup`: all tables, in a directory with a manifest, or where a server keeps them.
import { resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { backupTables, readStorageStatus, tableNames } from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { BACKUPS_FOLDER, backupPath, takeBackup } from '../../storage/backup-store.js';
import { addInstanceOptions, findInstance, type InstanceFlags } from '../instance.js';
import { bytes, count } from '../numbers.js';
import { withStore } from '../open-store.js';
import { isEmbedded, serverPlace } from './place.js';

interface BackupFlags extends InstanceFlags {
  readonly disk?: string;
  readonly json?: true;
}

export function backupCommand(): Command {
  const command = new Command('backup')
    .description('Take a backup of all tables, also of a store at work.')
    .argument('<dir_or_name>', `a path, or a name below DATA/${BACKUPS_FOLDER}`)
    .option('--disk <name>', 'of a server: its disk for backups; default its backups.allowed_path')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nOf the embedded store: a directory that gets its name when every file is synced and stands in\n' +
        'manifest.json with size and SHA-256. Of a server: BACKUP ... TO File or Disk, as its\n' +
        'configuration allows; the server keeps it, so there is no manifest.\n' +
        'Keys, spool and configuration are no part of it. Events that are stored later are not in it:\n' +
        'after a restore weir verify names them as missing.',
    );
  return addInstanceOptions(command).action(run);
}

async function run(given: string, flags: BackupFlags): Promise<void> {
  const instance = findInstance(flags);
  const tables = tableNames(instance.eventsTable);
  const startedAt = new Date(Number(nodeClock.nowNs() / 1_000_000n)).toISOString();
  const { cluster } = instance.config.store;
  if (!isEmbedded(instance)) {
    const place = serverPlace(given, flags.disk);
    const parts = await withStore(instance, async (store) => {
      const { profile, eventsTable } = await readStorageStatus(store, tables);
      if (profile === null)
        throw new WeirError('WEIR_USAGE', `there are no tables of Weir for ${eventsTable}`);
      return backupTables({ store, tables, profile, place, timers: nodeTimers, cluster });
    });
    const report = { startedAt, places: parts.map(place) };
    process.stdout.write(
      `${flags.json ? JSON.stringify(report) : `the server has it as ${report.places.join(', ')}`}\n`,
    );
    return;
  }
  if (flags.disk !== undefined)
    throw new WeirError(
      'WEIR_USAGE',
      '--disk names a disk of a server; the embedded store has none',
    );
  const { directory } = instance;
  const target = resolve(backupPath(directory, given));
  const manifest = await withStore(instance, (store) =>
    takeBackup({ store, tables, timers: nodeTimers, directory, target, startedAt }),
  );
  const byteCount = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const { files, parts } = manifest;
  const report = { path: target, startedAt, parts, files: files.length, bytes: byteCount };
  process.stdout.write(
    `${flags.json ? JSON.stringify(report) : `${target}: ${count(files.length)} files, ${bytes(byteCount)}`}\n`,
  );
}
