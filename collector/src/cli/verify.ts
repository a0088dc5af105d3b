// `weir verify`: exit code 0 only if the ledger closes.
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeTimers } from '@weir/pipeline/node';
import { createStore, tableNames } from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { type VerifyReport, verify } from '../verify/verify.js';
import { addInstanceOptions, findInstance, type InstanceFlags, withStoreUrl } from './instance.js';

interface VerifyFlags extends InstanceFlags {
  readonly wait: string;
  readonly deep?: true;
  readonly json?: true;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'Check that every issued number is stored, quarantined, filtered, declared lost or in flight.',
    )
    .option('--wait <time>', 'longest wait for events in flight, such as 30s or 500ms', '30s')
    .option('--deep', 'also compare the tables row by row with the ledger')
    .option('--json', 'the report as JSON')
    .addHelpText('after', '\nExit codes: 0 the ledger closes, 1 it does not, 2 wrong usage.');
  return addInstanceOptions(command).action(run);
}

async function run(flags: VerifyFlags): Promise<void> {
  const waitMs = parseDuration(flags.wait);
  const instance = findInstance(flags);
  const report = await withStoreUrl(instance, async (url) => {
    const store = createStore({ url });
    try {
      return await verify({
        files: nodeFiles(),
        clock: nodeClock,
        timers: nodeTimers,
        spoolDirectory: join(instance.directory, 'spool'),
        store,
        tables: tableNames(instance.eventsTable),
        isRunning: instance.isRunning,
        waitMs,
        deep: flags.deep ?? false,
        onWaiting: showWaiting,
      });
    } finally {
      await store.close();
    }
  });
  // Before anything is printed: a reader that leaves early must not turn the verdict around.
  process.exitCode = report.closes ? 0 : 1;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${flags.json ? toJson(report) : toText(report)}\n`);
  for (const problem of report.problems) process.stderr.write(`weir: ${problem}\n`);
}

/** `30s`, `500ms`, `2m`, or a number of seconds. */
function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  if (match === null) {
    throw new WeirError(
      'WEIR_USAGE',
      `--wait must be a time such as 30s, 500ms or 2m; got ${text}`,
    );
  }
  const unitMs = { ms: 1, s: 1000, m: 60_000 }[match[2] ?? 's'] ?? 1000;
  return Number(match[1]) * unitMs;
}

function showWaiting(inFlight: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\x1b[Kwaiting for ${inFlight} events in flight`);
}

function toJson(report: VerifyReport): string {
  return JSON.stringify(
    report,
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    2,
  );
}

const COLUMNS = ['issued', 'stored', 'quarantined', 'filtered', 'lost', 'inFlight'] as const;

function toText(report: VerifyReport): string {
  const head = ['tenant', 'stream', 'epoch', ...COLUMNS, 'missing', 'refused'];
  const rows = report.streams
    .filter((stream) => stream.issued > 0 || Object.keys(stream.refused).length > 0)
    .map((stream) => {
      const missing = stream.missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      const refused = Object.entries(stream.refused).map(([cause, count]) => `${cause}=${count}`);
      return [
        stream.tenant,
        stream.stream,
        String(stream.epoch),
        ...COLUMNS.map((name) => String(stream[name])),
        String(missing),
        refused.join(' ') || '-',
      ];
    });
  const totals = COLUMNS.map((name) =>
    report.streams.reduce((sum, stream) => sum + stream[name], 0),
  );
  const [issued = 0, ...rest] = totals.map((total) => total.toLocaleString('en-US'));
  const names = ['stored', 'quarantined', 'filtered', 'lost', 'in flight'];
  const sum = rest.map((total, i) => `${total} ${names[i]}`).join(' + ');
  const verdict = `${verdictOf(report)}: ${issued} issued = ${sum}${missingText(report)}`;
  return [...table([head, ...rows]), '', verdict].join('\n');
}

function verdictOf({ closes, deep, problems }: VerifyReport): string {
  if (closes && deep === null) return 'the ledger closes';
  if (closes) return 'the ledger closes and the tables hold just these rows';
  const isOnlyDeep = deep !== null && deep.problems.length === problems.length;
  return isOnlyDeep ? 'the tables do NOT hold what the ledger says' : 'the ledger does NOT close';
}

function missingText(report: VerifyReport): string {
  const ranges = report.streams.flatMap(({ missing }) => missing);
  const count = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return count === 0 ? '' : ` + ${count.toLocaleString('en-US')} MISSING`;
}

/** Columns as wide as their widest cell; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const isNumber = column >= 3 && column < row.length - 1;
        return isNumber ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
