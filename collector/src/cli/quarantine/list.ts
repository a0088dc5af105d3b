// `weir quarantine list`: how many events of which kind, and the newest of them.
import {
  countQuarantine,
  type QuarantineCounts,
  type QuarantineRow,
  readQuarantine,
} from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { addInstanceOptions, type InstanceFlags } from '../instance.js';
import { count } from '../numbers.js';
import { table } from '../table.js';
import { addFilterOptions, eventText, type FilterFlags, filterOf, limitOf } from './filter.js';
import { withTables } from './store.js';
import { jsonOf, onOneLine } from './text.js';

interface ListFlags extends InstanceFlags, FilterFlags {
  readonly all?: true;
  readonly json?: true;
}

const LIMIT_DEFAULT = '20';
const GROUPS_SHOWN_MAX = 50;
const PREVIEW_CHARACTERS = 60;

export function listCommand(): Command {
  const command = new Command('list')
    .description('Count events in quarantine by reason, parser and source, and name the newest.')
    .option('--all', 'name also those that were requeued since')
    .option('--limit <n>', 'events that are named', LIMIT_DEFAULT)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit codes: 0 done, 1 the store failed, 2 wrong usage.');
  return addInstanceOptions(addFilterOptions(command)).action(list);
}

async function list(flags: ListFlags): Promise<void> {
  const filter = filterOf(flags);
  const limit = limitOf(flags.limit) ?? Number(LIMIT_DEFAULT);
  const isSupersededToo = flags.all ?? false;
  await withTables(flags, async (store, tables) => {
    const counts = await countQuarantine(store, tables, filter);
    const page = { limit, isSupersededToo, isNewestFirst: true };
    const rows = await readQuarantine(store, tables, filter, page);
    if (flags.json) {
      const found = { ...counts, rows: rows.map(jsonOf) };
      process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    } else process.stdout.write(`${toText(counts, rows)}\n`);
  });
}

function toText(counts: QuarantineCounts, rows: readonly QuarantineRow[]): string {
  const { groups, events, superseded } = counts;
  const requeued =
    superseded === 0 ? '' : `; ${count(superseded)} more were requeued into the events table`;
  if (events === 0 && rows.length === 0) return `nothing is in quarantine here${requeued}`;
  const head = ['reason', 'parser', 'source', 'events', 'oldest', 'newest'];
  const lines = groups
    .slice(0, GROUPS_SHOWN_MAX)
    .map((group) => [
      ...[group.reason, group.parser || '-', group.source, count(group.events)],
      ...[group.oldest, group.newest],
    ]);
  const parts = table([head, ...lines]);
  if (groups.length > lines.length)
    parts.push(`and ${groups.length - lines.length} groups more (--json has all)`);
  parts.push('', `${count(events)} events in quarantine${requeued}`);
  if (rows.length > 0) parts.push('', ...rowsText(rows));
  return parts.join('\n');
}

function rowsText(rows: readonly QuarantineRow[]): string[] {
  const head = ['event', 'reason', 'parser', 'tries', 'bytes', 'text'];
  const lines = rows.map((row) => [
    eventText(row),
    row.isSuperseded ? `${row.reason} (requeued)` : row.reason,
    `${row.parser || '-'} ${row.parserVersion}`.trim(),
    String(row.attempt + 1),
    String(row.raw.length),
    onOneLine(row.raw, PREVIEW_CHARACTERS),
  ]);
  return table([head, ...lines]);
}
