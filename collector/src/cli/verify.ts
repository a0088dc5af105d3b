// `weir verify`: exit code 0 only if the ledger closes.
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { type SourceReport, tableNames } from '@weir/sinks/clickhouse';
import { inspectSpool } from '@weir/spool';
import { Command } from 'commander';
import { type ExportSummary, exportBundle } from '../verify/export.js';
import { isClickhouse, type KnownSink, knownSinks } from '../verify/sink-record.js';
import { isKafka } from '../verify/topic.js';
import {
  type SinkReport,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from '../verify/verify.js';
import { addInstanceOptions, type Instance, type InstanceFlags, withInstance } from './instance.js';
import { checkBundle, checkProof } from './offline.js';
import { withStore as openStore } from './open-store.js';
import { checkOutFile } from './out-file.js';
import { table } from './table.js';

interface VerifyFlags extends InstanceFlags {
  readonly wait: string;
  readonly deep?: true;
  readonly json?: true;
  readonly by?: string;
  readonly export?: string;
  readonly bundle?: string;
  readonly proof?: string;
  readonly key?: readonly string[];
  readonly anchor?: readonly string[];
}

const HELP = `
Without --export, --bundle or --proof it looks at a running or stopped instance: what the spool says
was issued, what the ledger of each sink says became of it, and whether the signed tree of the spool
is the one that the store has checkpoints of.

  weir verify --data DIR                        the ledger of each sink
  weir verify --data DIR --deep --by source     and tables, frames, and the numbers of each source
  weir verify --data DIR --export day.ndjson.gz what was signed, in one file for somebody else
  weir verify --bundle day.ndjson.gz --key node.pub --key loader.pub
  weir verify --proof event.json --key node.pub

A bundle or a proof is checked without the instance; --anchor names a checkpoint that was kept
elsewhere (the header Weir-Checkpoint, decoded, or the column note of the table checkpoints).

Exit codes: 0 the ledger closes, or bundle or proof hold; 1 they do not, or what was exported is
known to be less than was signed or delivered; 2 wrong usage.`;

export function verifyCommand(): Command {
  const command = new Command('verify')
    .option(
      '--wait <time>',
      'longest wait for events in flight and for the store, such as 30s or 500ms',
      '30s',
    )
    .option(
      '--deep',
      'also compare the tables row by row with the ledger, and frames with the tree',
    )
    .option('--by <what>', 'source: also list what the tables hold of each source')
    .option('--export <file>', 'write a bundle of everything that was signed (.gz: compressed)')
    .option('--bundle <file>', 'check a bundle instead of an instance')
    .option('--proof <file>', 'check a proof of weir prove')
    .option('--key <file...>', 'public keys to trust with --bundle and --proof')
    .option('--anchor <file...>', 'checkpoints that were kept elsewhere, with --bundle')
    .option('--json', 'the report as JSON')
    .addHelpText('after', HELP);
  return addInstanceOptions(command).action(run);
}

async function run(flags: VerifyFlags): Promise<void> {
  checkFlags(flags);
  if (flags.bundle !== undefined) {
    process.exitCode = await checkBundle(flags.bundle, flags);
    return;
  }
  if (flags.proof !== undefined) {
    process.exitCode = checkProof(flags.proof, flags);
    return;
  }
  if (flags.export !== undefined) checkOutFile(flags.export);
  await withInstance(flags, parseDuration(flags.wait), (instance, leftMs) =>
    look(flags, instance, leftMs),
  );
}

/** The store behind a topic is looked at where it is named: --url, CLICKHOUSE_URL or store.url. */
const isStoredBehind = (sink: KnownSink, { storeUrl }: Instance): boolean =>
  isKafka(sink) && storeUrl !== null && storeUrl !== '';

async function look(flags: VerifyFlags, instance: Instance, waitMs: number): Promise<void> {
  const files = nodeFiles();
  const { directory, isRunning } = instance;
  const { consumers } = await inspectSpool(files, join(directory, 'spool'));
  const sinks = knownSinks(
    directory,
    consumers.map(({ name }) => name),
  );
  const withStore = async <T>(use: (store: VerifyOptions['store']) => Promise<T>): Promise<T> => {
    const isWanted = sinks.some(
      (sink) => sink.isConfigured && (isClickhouse(sink) || isStoredBehind(sink, instance)),
    );
    if (!isWanted) return use(null);
    return openStore(instance, (store) => use({ store, tables: tableNames(instance.eventsTable) }));
  };
  const { export: file } = flags;
  const common = { files, timers: nodeTimers, directory, sinks, isRunning };
  if (file !== undefined) {
    const random = nodeRandom;
    const summary = await withStore((store) => exportBundle({ ...common, random, store, file }));
    process.exitCode = summary.problems.length === 0 ? 0 : 1;
    process.stdout.write(`${flags.json ? JSON.stringify(summary) : exportText(summary, file)}\n`);
    for (const problem of summary.problems) process.stderr.write(`weir: ${problem}\n`);
    return;
  }
  const report = await withStore((store) =>
    verify({
      ...common,
      clock: nodeClock,
      store,
      waitMs,
      deep: flags.deep ?? false,
      bySource: flags.by === 'source',
      onWaiting: showWaiting,
    }),
  );
  // Before anything is printed: a reader that leaves early must not turn the verdict around.
  process.exitCode = report.closes ? 0 : 1;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${flags.json ? toJson(report) : toText(report)}\n`);
  for (const note of report.notes) process.stderr.write(`weir: ${note}\n`);
  for (const problem of report.problems) process.stderr.write(`weir: ${problem}\n`);
}

function checkFlags({ by, bundle, proof, export: file, key, anchor, deep }: VerifyFlags): void {
  const wrong = (sentence: string): never => {
    throw new WeirError('WEIR_USAGE', sentence);
  };
  if (by !== undefined && by !== 'source') wrong(`--by takes source; got ${by}`);
  const modes = [bundle, proof, file].filter((mode) => mode !== undefined).length;
  if (modes > 1) wrong('--export, --bundle and --proof are three commands: name one of them');
  const isOffline = bundle !== undefined || proof !== undefined;
  if (isOffline && (deep || by !== undefined))
    wrong('--deep and --by look at an instance, not at a file');
  if (proof !== undefined && anchor !== undefined) wrong('--anchor is for --bundle');
  if (file !== undefined && (deep || by !== undefined))
    wrong('--export writes what was signed; --deep and --by are for the verdict on an instance');
  if (!isOffline && (key !== undefined || anchor !== undefined))
    wrong('--key and --anchor are for --bundle and --proof');
}

function exportText(summary: ExportSummary, file: string): string {
  const { nodeId, tree, size, anchorCount, leftOutReceiptCount } = summary;
  const lines = [
    `${file}: node ${nodeId}, tree ${tree}, ${size} frames, ${anchorCount} checkpoints from the store`,
  ];
  if (leftOutReceiptCount > 0)
    lines.push(
      `${leftOutReceiptCount} receipts name numbers that no checkpoint covers yet and are not in it`,
    );
  return lines.join('\n');
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
  if (report.sources !== null) parts.push(sourcesText(report.sources));
  parts.push(evidenceText(report.evidence));
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
  const lines = [...table([head, ...rows]), ...lostText(sink), ...requeuedText(sink)];
  if (!isOneOfSeveral) return lines.join('\n');
  const kind = [sink.type, sink.isRequired ? '' : 'optional'].filter((word) => word !== '');
  const title = `sink ${sink.id}${kind.length > 0 ? ` (${kind.join(', ')})` : ''}: ${sumOf(sink)}`;
  return [title, ...lines].join('\n');
}

/** Nothing when nothing was lost. */
function lostText({ streams }: SinkReport): string[] {
  const counts: Record<string, number> = {};
  for (const { lostByCause } of streams)
    for (const [cause, count] of Object.entries(lostByCause))
      counts[cause] = (counts[cause] ?? 0) + count;
  const causes = Object.entries(counts).map(([cause, count]) => `${cause}=${count}`);
  return causes.length === 0 ? [] : [`lost: ${causes.join(' ')}`];
}

/** Numbers that the ledger has as quarantined and as stored: stored prevails. */
function requeuedText({ streams }: SinkReport): string[] {
  const count = streams.reduce((sum, { requeued = 0 }) => sum + requeued, 0);
  if (count === 0) return [];
  return [`of those stored ${count.toLocaleString('en-US')} were requeued from quarantine`];
}

function evidenceText({ tree, size, anchored, hashedFrames }: VerifyReport['evidence']): string {
  if (tree === 0) return 'nothing was signed yet';
  const parts = [`${size.toLocaleString('en-US')} frames are signed (tree ${tree})`];
  if (anchored !== null) parts.push(`${anchored.toLocaleString('en-US')} of them anchored`);
  if (hashedFrames !== null)
    parts.push(`${hashedFrames.toLocaleString('en-US')} frames were hashed again`);
  return parts.join(', ');
}

const SOURCES_SHOWN_MAX = 50;

function sourcesText(sources: readonly SourceReport[]): string {
  const head = [
    'tenant',
    'stream',
    'epoch',
    'stored',
    'quarantined',
    'highest',
    'absent',
    'source',
  ];
  const rows = sources
    .slice(0, SOURCES_SHOWN_MAX)
    .map((row) => [
      ...[row.tenant, row.stream, String(row.epoch)],
      ...[row.stored, row.quarantined, row.sourceSeqMax, row.absent].map(String),
      row.source,
    ]);
  const lines = table([head, ...rows]);
  const more = sources.length - rows.length;
  if (more > 0) lines.push(`and ${more} sources more (--json has all)`);
  lines.push('absent: numbers of the source in neither table: filtered, lost, in flight, expired');
  return lines.join('\n');
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
