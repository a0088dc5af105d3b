// `weir storage status`: versions, tables, what they take, and when rows expire.
import { nodeRandom } from '@weir/pipeline/node';
import {
  type ColumnGroup,
  readStorageStatus,
  type StorageStatus,
  sampleColumnGroups,
  tableNames,
} from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { addInstanceOptions, findInstance, type InstanceFlags } from '../instance.js';
import { bytes, count } from '../numbers.js';
import { withStore } from '../open-store.js';
import { table } from '../spool/text.js';
import { ratioText, retentionText } from './text.js';

interface StatusFlags extends InstanceFlags {
  readonly columns?: true;
  readonly json?: true;
}

const SAMPLE_ROWS_MAX = 200_000;

export function statusCommand(): Command {
  const command = new Command('status')
    .description('Show version, tables, rows, bytes, compression, age and retention.')
    .option(
      '--columns',
      `compression by groups of columns, of the newest ${count(SAMPLE_ROWS_MAX)} events: they are ` +
        'copied into a table of their own for a moment',
    )
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nratio: bytes of the columns without compression for one with it; indexes and marks are in\n' +
        'bytes and not in ratio. Groups of columns are shown without --columns as far as parts have a\n' +
        'file a column (256 MiB and more).',
    );
  return addInstanceOptions(command).action(run);
}

async function run(flags: StatusFlags): Promise<void> {
  const instance = findInstance(flags);
  const status = await withStore(instance, async (store): Promise<StorageStatus> => {
    const tables = tableNames(instance.eventsTable);
    const found = await readStorageStatus(store, tables);
    if (!flags.columns || found.profile === null) return found;
    const name = `weir_column_sizes_${nodeRandom.u32().toString(36)}`;
    return {
      ...found,
      columnGroups: await sampleColumnGroups(store, tables, name, SAMPLE_ROWS_MAX),
    };
  });
  process.stdout.write(`${flags.json ? JSON.stringify(status, null, 2) : toText(status)}\n`);
}

function toText(status: StorageStatus): string {
  const { version, eventsTable, schemaVersion, profile } = status;
  const head =
    profile === null
      ? `ClickHouse ${version}: no tables of Weir for ${eventsTable}`
      : `ClickHouse ${version}, ${eventsTable}, profile ${profile}, migrations up to ${schemaVersion}`;
  const rows = status.tables.map((one) => [
    one.name,
    count(one.rows),
    bytes(one.bytes),
    bytes(one.indexBytes),
    ratioText(one.uncompressedBytes, one.compressedBytes),
    count(one.parts),
    one.oldest ?? '-',
    one.newest ?? '-',
    retentionText(one.retention),
  ]);
  const columns = [
    'table',
    'rows',
    'bytes',
    'indexes',
    'ratio',
    'parts',
    'oldest',
    'newest',
    'kept',
  ];
  return [
    head,
    '',
    ...table(columns, rows, [1, 2, 3, 4, 5]),
    ...groupsText(status.columnGroups),
  ].join('\n');
}

function groupsText(groups: readonly ColumnGroup[]): string[] {
  const [first] = groups;
  if (first === undefined) return [];
  const rows = groups.map(({ group, compressedBytes, uncompressedBytes }) => [
    group,
    (compressedBytes / first.rows).toFixed(1),
    (uncompressedBytes / first.rows).toFixed(1),
    ratioText(uncompressedBytes, compressedBytes),
  ]);
  const columns = ['columns of events', 'bytes a row', 'without compression', 'ratio'];
  return ['', `of ${count(first.rows)} events:`, ...table(columns, rows, [1, 2, 3])];
}
