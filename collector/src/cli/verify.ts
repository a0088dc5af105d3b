// `weir verify`: exit code 0 only if the ledger closes.
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeTimers } from '@weir/pipeline/node';
import { createStore, tableNames } from '@weir/sinks/clickhouse';
import { inspectSpool } from '@weir/spool';
import { Command } from 'commander';
import { isClickhouse, knownSinks } from '../verify/sink-record.js';
import {
  type SinkReport,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from '../verify/verify.js';
import { addInstanceOptions, findInstance, type InstanceFlags, withStoreUrl } from './instance.js';

interface VerifyFlags extends InstanceFlags {
  readonly wait: string;
  readonly deep?: true;
  readonly json?: true;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .option('--wait <time>', 'longest wait for events in flight, such as 30s or 500ms', '30s')
    .option('--deep', 'also compare the tables row by row with the ledger')
    .option('--json', 'the report as JSON')
    .addHelpText('after', '\nExit codes: 0 the ledger closes, 1 it does not, 2 wrong usage.');
  return addInstanceOptions(command).action(run);
}

async function run(flags: VerifyFlags): Promise<void> {
  const waitMs = parseDuration(flags.wait);
  const instance = findInstance(flags);
  const files = nodeFiles();
  const { consumers } = await inspectSpool(files, join(instance.directory, 'spool'));
  const sinks = knownSinks(
    instance.directory,
    consumers.map(({ name }) => name),
  );
  const verifyWith = (store: VerifyOptions['store']): Promise<VerifyReport> =>
    verify({
      files,
      clock: nodeClock,
      timers: nodeTimers,
      directory: instance.directory,
      sinks,
      store,
      isRunning: instance.isRunning,
      waitMs,
      deep: flags.deep ?? false,
      onWaiting: showWaiting,
    });
  const hasTables = sinks.some((sink) => sink.isConfigured && isClickhouse(sink));
  if (!hasTables && flags.deep) {
    throw new WeirError('WEIR_USAGE', '--deep compares ClickHouse tables; no sink here has any');
  }
  const report = hasTables
    ? await withStoreUrl(instance, async (url) => {
        const store = createStore({ url });
        try {
          return await verifyWith({ store, tables: tableNames(instance.eventsTable) });
        } finally {
          await store.close();
        }
      })
    : await verifyWith(null);
  // Before anything is printed: a reader that leaves early must not turn the verdict around.
  process.exitCode = report.closes ? 0 : 1;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${flags.json ? toJson(report) : toText(report)}\n`);
  for (const note of report.notes) process.stderr.write(`weir: ${note}\n`);
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
  const parts = report.sinks.map((sink) => sinkText(sink, report.sinks.length > 1));
  const verdict = `${verdictOf(report)}${report.sinks.length > 1 ? '' : `: ${sumOf(report.sinks[0])}`}`;
  return [...parts, verdict].join('\n\n');
}

function sinkText(sink: SinkReport, isOneOfSeveral: boolean): string {
  const head = ['tenant', 'stream', 'epoch', ...COLUMNS, 'missing', 'refused'];
  const rows = sink.streams
    .filter((stream) => stream.issued > 0 || Object.keys(stream.refused).length > 0)
    .map((stream) => {
      const refused = Object.entries(stream.refused).map(([cause, count]) => `${cause}=${count}`);
      return [
        stream.tenant,
        stream.stream,
        String(stream.epoch),
        ...COLUMNS.map((name) => String(stream[name])),
        String(missingOf(stream)),
        refused.join(' ') || '-',
      ];
    });
  const lines = table([head, ...rows]);
  if (!isOneOfSeveral) return lines.join('\n');
  const kind = [sink.type, sink.isRequired ? '' : 'optional'].filter((word) => word !== '');
  const title = `sink ${sink.id}${kind.length > 0 ? ` (${kind.join(', ')})` : ''}: ${sumOf(sink)}`;
  return [title, ...lines].join('\n');
}

/** `10 issued = 9 stored + ... + 1 in flight`. */
function sumOf(sink: SinkReport | undefined): string {
  const streams = sink?.streams ?? [];
  const totals = COLUMNS.map((name) => streams.reduce((sum, stream) => sum + stream[name], 0));
  const [issued = 0, ...rest] = totals.map((total) => total.toLocaleString('en-US'));
  const names = ['stored', 'quarantined', 'filtered', 'lost', 'in flight'];
  const missing = streams.reduce((sum, stream) => sum + missingOf(stream), 0);
  const before = sink?.before ?? 0;
  return [
    `${issued} issued = ${rest.map((total, i) => `${total} ${names[i]}`).join(' + ')}`,
    missing === 0 ? '' : ` + ${missing.toLocaleString('en-US')} MISSING`,
    before === 0 ? '' : `; ${before.toLocaleString('en-US')} more before this sink was added`,
  ].join('');
}

const missingOf = ({ missing }: SinkReport['streams'][number]): number =>
  missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);

function verdictOf({ closes, deep, problems, sinks }: VerifyReport): string {
  const ledger = sinks.length > 1 ? `the ledgers of all ${sinks.length} sinks` : 'the ledger';
  const verb = sinks.length > 1 ? 'close' : 'closes';
  if (closes && deep === null) return `${ledger} ${verb}`;
  if (closes) return `${ledger} ${verb} and the tables hold just these rows`;
  const isOnlyDeep = deep !== null && deep.problems.length === problems.length;
  if (isOnlyDeep) return 'the tables do NOT hold what the ledger says';
  const open = sinks.filter((sink) => !sink.closes).map(({ id }) => id);
  return sinks.length > 1
    ? `the ledger does NOT close for ${open.join(', ')}`
    : 'the ledger does NOT close';
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
