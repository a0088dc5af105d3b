// `weir storage`: what an operator does with the tables of an instance.
import { Command } from 'commander';
import { backupCommand } from './backup.js';
import { migrateCommand } from './migrate.js';
import { rebuildLedgerCommand } from './rebuild-ledger.js';
import { restoreCommand } from './restore.js';
import { statusCommand } from './status.js';
import { ttlCommand } from './ttl.js';

export function storageCommand(): Command {
  const command = new Command('storage').addHelpText(
    'after',
    '\nOf the embedded store of a data directory (--data DIR, running or stopped; restore: stopped),\n' +
      'or of a ClickHouse server (--url, or store.url of the configuration); docs/storage.md has more.\n' +
      'Start here: weir storage status.',
  );
  for (const below of [
    statusCommand(),
    migrateCommand(),
    ttlCommand(),
    backupCommand(),
    restoreCommand(),
    rebuildLedgerCommand(),
  ])
    command.addCommand(
      below.exitOverride().showHelpAfterError(`(weir storage ${below.name()} --help shows how)`),
    );
  return command;
}
