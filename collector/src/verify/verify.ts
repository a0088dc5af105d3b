// Does the ledger close, for each sink? What the spool says was issued, against what the sink's
// ledger says became of it. No wall clock takes part in the verdict, and a running instance is not
// disturbed.
import type { Clock, Files, Timers } from '@weir/pipeline';
import {
  type DeepReport,
  isRequeueOpen,
  type LedgerReport,
  readLedger,
  readSources,
  type SourceReport,
  type Store,
  type TableNames,
  type VerifiedStream,
  verifyTables,
} from '@weir/sinks/clickhouse';
import { BEFORE_SUFFIX, inspectSpool, readSinkLedger, type SpoolInspection } from '@weir/spool';
import { withCauses } from './causes.js';
import { compareStates, type EvidenceReport, lookAtEvidence } from './evidence.js';
import { judge, keyOf, type SinkStream, without } from './judge.js';
import { INTENT_FOLDER, isClickhouse, type KnownSink, LEDGER_FOLDER } from './sink-record.js';
import { isKafka, pendingBehind, storeBehind } from './topic.js';

export interface VerifyOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The data directory. */
  readonly directory: string;
  readonly sinks: readonly KnownSink[];
  /** Of the ClickHouse sink, or behind the topic of a Kafka sink; null where there is none. */
  readonly store: { readonly store: Store; readonly tables: TableNames } | null;
  /** Nothing delivers where nothing runs: then there is no use in waiting. */
  readonly isRunning: boolean;
  /** Longest wait for in flight = 0. */
  readonly waitMs: number;
  /** Compares the tables of ClickHouse with the ledger, and each frame with what was signed. */
  readonly deep: boolean;
  /** Also what the tables of ClickHouse hold of each source. */
  readonly bySource: boolean;
  readonly onWaiting: (inFlight: number) => void;
}

export interface SinkReport extends LedgerReport {
  readonly id: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** Issued when the sink was not configured, and not meant for it. */
  readonly before: number;
  readonly streams: readonly SinkStreamReport[];
}

export interface SinkStreamReport extends VerifiedStream {
  /** Declared losses by cause. */
  readonly lostByCause: Readonly<Record<string, number>>;
}

export interface VerifyReport {
  /** Every sink's ledger closes. */
  readonly closes: boolean;
  /** Of the sink that has most. */
  readonly inFlight: number;
  readonly problems: readonly string[];
  /** What is worth knowing and stands against nothing. */
  readonly notes: readonly string[];
  readonly sinks: readonly SinkReport[];
  /** Of the ClickHouse sink where there is one, else of the first. */
  readonly streams: readonly SinkStreamReport[];
  readonly deep: DeepReport | null;
  readonly evidence: Omit<EvidenceReport, 'states' | 'problems' | 'notes'>;
  /** Null where it was not asked for, and without ClickHouse. */
  readonly sources: readonly SourceReport[] | null;
}

const LOOK_INTERVAL_MS = 250;
const CUT_LOOKS_MAX = 3;
const STUCK = 'delivery stands still';
const NOT_LOADED = 'no loader has stored them';
const NOT_RUNNING = 'nothing runs that would deliver them: start weir run';

interface SinkLook {
  readonly sink: KnownSink;
  readonly ledger: readonly SinkStream[];
  readonly problems: readonly string[];
  readonly pendingCount: number;
  readonly accounted: number;
}

interface Looks {
  readonly spool: SpoolInspection;
  readonly sinks: readonly SinkLook[];
  /** Nothing was issued while the ledgers were read. */
  readonly isStill: boolean;
}

export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { clock, timers, isRunning } = options;
  // Loaders run elsewhere: what is in the topic may arrive whether or not anything runs here.
  const mayMove = isRunning || topicSinks(options).length > 0;
  const endMs = clock.monotonicMs() + (mayMove ? options.waitMs : 0);
  const first = await look(options);
  let last = first;
  let before = first;
  while (isWorthWaiting(last, before) && clock.monotonicMs() < endMs) {
    options.onWaiting(Math.max(0, ...last.sinks.map(({ pendingCount }) => pendingCount)));
    await timers.sleep(LOOK_INTERVAL_MS);
    before = last;
    last = await look(options);
  }
  const evidence = await lookAtEvidence({ ...options, nodeId: last.spool.nodeId });
  const sinks = last.sinks.map((found) =>
    withCauses(reportOf(found, last, first, isRunning), found, last.spool, evidence.states),
  );
  const problems = sinks.flatMap((report) =>
    report.problems.map((problem) => (sinks.length === 1 ? problem : `${report.id}: ${problem}`)),
  );
  const deep = options.deep ? await lookDeep(options, last) : null;
  problems.push(...evidence.problems, ...(await lookForCut(options, evidence)));
  problems.push(...(deep?.problems ?? []));
  const shown =
    sinks.find(({ type }) => type === 'clickhouse' || type === 'kafka_loader') ?? sinks[0];
  return {
    closes: problems.length === 0,
    inFlight: Math.max(0, ...sinks.map(({ inFlight }) => inFlight)),
    problems,
    notes: [...notesOf(options, last), ...evidence.notes],
    sinks,
    streams: shown?.streams ?? [],
    deep,
    evidence: {
      tree: evidence.tree,
      size: evidence.size,
      anchored: evidence.anchored,
      hashedFrames: evidence.hashedFrames,
    },
    sources: options.bySource ? await lookAtSources(options, last) : null,
  };
}

/** A live spool may delete a segment while it is read, so what is missing is looked for again. */
async function lookForCut(
  { files, directory, isRunning }: VerifyOptions,
  { states }: EvidenceReport,
): Promise<string[]> {
  let problems: string[] = [];
  for (let look = 0; look < (isRunning ? CUT_LOOKS_MAX : 1); look++) {
    const { streams } = await inspectSpool(files, `${directory}/spool`);
    problems = compareStates(streams, states);
    if (problems.length === 0) break;
  }
  return problems;
}

/** An optional sink that stands still is not waited for. */
function isWorthWaiting(last: Looks, before: Looks): boolean {
  if (!last.isStill) return true;
  return last.sinks.some(({ sink, pendingCount, accounted }, i) => {
    if (pendingCount === 0) return false;
    return sink.isRequired || last === before || accounted !== before.sinks[i]?.accounted;
  });
}

async function look(options: VerifyOptions): Promise<Looks> {
  const { files, directory } = options;
  const spoolDirectory = `${directory}/spool`;
  const configured = options.sinks.filter(({ isConfigured }) => isConfigured);
  const ids = configured.map(({ id }) => id);
  let spool = await inspectSpool(files, spoolDirectory, ids);
  const sinks: SinkLook[] = [];
  for (const sink of configured) sinks.push(await lookAt(options, sink, spool));
  for (const sink of topicSinks(options)) {
    const delivered = sinks.find((found) => found.sink.id === sink.id)?.ledger ?? [];
    const { ledger: stored } = await readTables(options, sink, spool);
    const pending = pendingBehind(spool, sink, delivered, stored);
    spool = { ...spool, consumers: [...spool.consumers, pending] };
    sinks.push(lookOf(storeBehind(sink), { ledger: stored, problems: [] }, spool));
  }
  const after = await inspectSpool(files, spoolDirectory, ids);
  return { spool, sinks, isStill: issuedTotal(spool) === issuedTotal(after) };
}

/** Kafka sinks whose events are looked for in a store, too. */
const topicSinks = ({ sinks, store }: VerifyOptions): KnownSink[] =>
  store === null ? [] : sinks.filter((sink) => sink.isConfigured && isKafka(sink));

async function lookAt(
  options: VerifyOptions,
  sink: KnownSink,
  spool: SpoolInspection,
): Promise<SinkLook> {
  const read = isClickhouse(sink)
    ? await readTables(options, sink, spool)
    : await readFiles(options, sink);
  return lookOf(sink, read, spool);
}

function lookOf(
  sink: KnownSink,
  { ledger, problems }: ReadLedger,
  spool: SpoolInspection,
): SinkLook {
  const consumer = spool.consumers.find(({ name }) => name === sink.id);
  const pendingCount = consumer?.pendingEventCount ?? 0;
  const accounted = ledger.reduce(
    (sum, { stored, quarantined, filtered, lost }) => sum + stored + quarantined + filtered + lost,
    0,
  );
  return { sink, ledger, problems, pendingCount, accounted };
}

interface ReadLedger {
  readonly ledger: readonly SinkStream[];
  readonly problems: readonly string[];
}

/** The ledger of ClickHouse is in its tables. */
async function readTables(
  { store, files, directory }: VerifyOptions,
  { id }: KnownSink,
  spool: SpoolInspection,
): Promise<ReadLedger> {
  if (store === null) return { ledger: [], problems: ['no store was given to look into'] };
  const prefix = streamPrefixOf(spool.nodeId);
  const all = await readLedger(store.store, store.tables);
  const foreign = new Set(
    spool.streams.filter(({ received }) => received !== undefined).map(keyOf),
  );
  // A server may hold the streams of other collectors, whose spools are not here.
  const ledger = all.filter(
    (entry) => prefix === null || entry.stream.startsWith(prefix) || foreign.has(keyOf(entry)),
  );
  const begun = await readSinkLedger(files, `${directory}/${LEDGER_FOLDER}/${id}${BEFORE_SUFFIX}`);
  const before = new Map(begun?.streams.map((entry) => [keyOf(entry), entry]));
  const known = ledger.map((entry): SinkStream => {
    // What is accounted for was there, whatever was noted when the sink came back.
    const present = without([[0, entry.seqMax]], entry.missing);
    const beforeRanges = without(before.get(keyOf(entry))?.beforeRanges ?? [], present);
    before.delete(keyOf(entry));
    return { ...entry, beforeRanges };
  });
  return { ledger: [...known, ...before.values()], problems: [] };
}

async function readFiles(
  { files, directory }: VerifyOptions,
  { id }: KnownSink,
): Promise<ReadLedger> {
  const reading = await readSinkLedger(files, `${directory}/${LEDGER_FOLDER}/${id}`);
  const damaged = reading?.damagedFileCount ?? 0;
  const problems =
    damaged === 0
      ? []
      : [`${damaged} ledger file(s) cannot be read; what is said here is from an older one`];
  return { ledger: reading?.streams ?? [], problems };
}

function reportOf(found: SinkLook, last: Looks, first: Looks, isRunning: boolean) {
  const { sink, ledger, pendingCount, accounted } = found;
  const { id, type, isRequired } = sink;
  const begun = first.sinks.find((other) => other.sink.id === id);
  const isStuck = last !== first && accounted === begun?.accounted;
  // A sink that is optional may lag; what it lets go of is declared lost.
  const isBehindTopic = type === 'kafka_loader';
  const still = isBehindTopic ? NOT_LOADED : !isRunning ? NOT_RUNNING : isStuck ? STUCK : null;
  const standstill = isRequired ? still : null;
  const isQuiet = last.isStill && pendingCount === 0;
  const place = isBehindTopic ? 'the spool or the topic' : 'the spool';
  const asked = { spool: last.spool, consumer: id, ledger, isQuiet, place };
  const report = judge(asked, standstill);
  const problems = [...found.problems, ...report.problems];
  const before = ledger.reduce((sum, entry) => sum + countOf(entry.beforeRanges ?? []), 0);
  return { id, type, isRequired, before, ...report, problems, closes: problems.length === 0 };
}

function notesOf({ sinks }: VerifyOptions, { spool }: Looks): string[] {
  const notes: string[] = [];
  for (const { id, isConfigured } of sinks) {
    if (isConfigured) continue;
    const pending = spool.consumers.find(({ name }) => name === id)?.pendingEventCount ?? 0;
    notes.push(
      `sink ${id} is not configured any more${pending === 0 ? '' : `; ${pending} events that the spool still holds were not delivered to it`}`,
    );
  }
  return notes;
}

async function lookDeep({ store, isRunning, files, directory }: VerifyOptions, { spool }: Looks) {
  if (store === null) return null;
  const isOpen = await isRequeueOpen(files, `${directory}/${INTENT_FOLDER}`);
  return verifyTables(store.store, store.tables, {
    ...streamsOf(spool),
    isRunning,
    isRequeueOpen: isOpen,
  });
}

async function lookAtSources({ store }: VerifyOptions, { spool }: Looks) {
  return store === null ? null : readSources(store.store, store.tables, streamsOf(spool));
}

/** A server may hold the streams of other collectors, whose spools are not here. */
function streamsOf(spool: SpoolInspection) {
  const streams = spool.streams.filter(({ received }) => received !== undefined);
  return {
    streamPrefix: streamPrefixOf(spool.nodeId),
    alsoStreams: [...new Set(streams.map(({ stream }) => stream))],
  };
}

const streamPrefixOf = (nodeId: string | null): string | null =>
  nodeId === null ? null : `${nodeId}/`;

const countOf = (ranges: readonly (readonly [number, number])[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Of another node's stream only part may have come. */
const issuedTotal = (spool: SpoolInspection): number =>
  spool.streams.reduce(
    (sum, { lastSeq, received }) =>
      sum + (received === undefined ? lastSeq + 1 : countOf(received)),
    0,
  );
