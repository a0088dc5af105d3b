// The embedded store from a backup. The new store is made beside the old one and takes its place by
// a rename, so that a restore that is cut off leaves what there was.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Files, type Timers, WeirError } from '@weir/pipeline';
import {
  applyMigrations,
  createStore,
  type MigrationOptions,
  rebuildLedger,
  restoreTables,
  startEmbeddedStore,
  tableNames,
} from '@weir/sinks/clickhouse';
import { inspectSpool, rewindConsumer } from '@weir/spool';
import { isClickhouse, knownSinks } from '../verify/sink-record.js';
import { syncDirectory } from './backup-store.js';
import { type Manifest, syncTree, verifyBackup } from './manifest.js';

export interface RestoreOptions {
  readonly files: Files;
  readonly timers: Timers;
  /** The data directory, which is locked for this process. */
  readonly directory: string;
  readonly backup: string;
  /** Replace a store that is there. */
  readonly force: boolean;
  /** What the configuration says about the tables. */
  readonly migrations: MigrationOptions;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  /** Events in the ledger afterwards. */
  readonly stored: number;
  readonly quarantined: number;
  /** Numbers that the backup's tables had and its ledger did not. */
  readonly ledgerAdded: number;
  /** Sinks that are given again what the spool still holds. */
  readonly rewound: readonly string[];
  /** Durable events that they are given. */
  readonly pendingEvents: number;
}

const STORE = 'store';
const RESTORING = 'store.restoring';
const REPLACED = 'store.replaced';

/** Throws WEIR_USAGE for a store that is there, WEIR_BACKUP_INVALID, WEIR_STORE_*. */
export async function restoreStore(options: RestoreOptions): Promise<RestoreReport> {
  const { directory, backup, force, migrations } = options;
  const [target, fresh, old] = [STORE, RESTORING, REPLACED].map((name) => join(directory, name));
  if (target === undefined || fresh === undefined || old === undefined) throw new RangeError();
  await finishCutOff(target, old);
  if (existsSync(target) && readdirSync(target).length > 0 && !force)
    throw new WeirError(
      'WEIR_USAGE',
      `${target} holds a store; --force replaces it by the backup, and what only it holds is gone`,
    );
  const manifest = await verifyBackup(backup);
  checkTables(manifest, migrations);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  const counts = await fill(fresh, manifest, options);
  await syncTree(fresh);
  // Before the store is there: a frontier that stands too far back costs a look at the tables.
  const { rewound, pendingEvents } = await rewind(options);
  if (existsSync(target)) await rename(target, old);
  await rename(fresh, target);
  await syncDirectory(directory);
  await rm(old, { recursive: true, force: true });
  return { manifest, ...counts, rewound, pendingEvents };
}

/** A restore that was killed between its two renames: the old store is the store again. */
async function finishCutOff(target: string, old: string): Promise<void> {
  if (existsSync(old) && !existsSync(target)) await rename(old, target);
}

function checkTables(manifest: Manifest, { eventsTable, profile }: MigrationOptions): void {
  const [is, wanted] = [
    `store.events_table = "${manifest.eventsTable}" and store.profile = "${manifest.profile}"`,
    `"${eventsTable}" and "${profile}"`,
  ];
  if (manifest.eventsTable !== eventsTable || manifest.profile !== profile)
    throw new WeirError(
      'WEIR_USAGE',
      `the backup was taken with ${is}, the configuration has ${wanted}; ` +
        'a table keeps its name and its profile',
    );
}

async function fill(
  fresh: string,
  { profile }: Manifest,
  { backup, migrations, timers }: RestoreOptions,
): Promise<Pick<RestoreReport, 'stored' | 'quarantined' | 'ledgerAdded'>> {
  const log: string[] = [];
  const engine = await startEmbeddedStore({
    directory: fresh,
    backupsDirectory: backup,
    log: (line) => void log.push(line),
  });
  const store = createStore({ url: engine.url });
  try {
    const tables = tableNames(migrations.eventsTable);
    const place = (part: string): string =>
      `File('${join(backup, part).replace(/[\\']/g, '\\$&')}')`;
    await restoreTables({ store, tables, profile, place, timers });
    await applyMigrations(store, migrations);
    // Rows that came between the ledger's part and the last one.
    const { before, after } = await rebuildLedger(store, tables, { profile });
    const sum = (counts: typeof after): number =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    const { stored, quarantined } = after;
    return { stored, quarantined, ledgerAdded: sum(after) - sum(before) };
  } finally {
    await store.close();
    await engine.stop();
  }
}

async function rewind({
  files,
  directory,
}: RestoreOptions): Promise<Pick<RestoreReport, 'rewound' | 'pendingEvents'>> {
  const spoolDirectory = join(directory, 'spool');
  if (!existsSync(spoolDirectory)) return { rewound: [], pendingEvents: 0 };
  const { consumers } = await inspectSpool(files, spoolDirectory);
  const names = new Set(consumers.map(({ name }) => name));
  const sinks = knownSinks(directory, [...names]).filter(
    (sink) => isClickhouse(sink) && names.has(sink.id),
  );
  const rewound: string[] = [];
  for (const { id } of sinks) if (await rewindConsumer(files, spoolDirectory, id)) rewound.push(id);
  const after = await inspectSpool(files, spoolDirectory);
  const pendingEvents = after.consumers
    .filter(({ name }) => rewound.includes(name))
    .reduce((sum, { pendingEventCount }) => sum + pendingEventCount, 0);
  return { rewound, pendingEvents };
}
