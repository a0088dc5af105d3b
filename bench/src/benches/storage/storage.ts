// The schema of the events table and variants of it: the same events into each, what they take on
// disk, what the INSERTs cost, and what five typical queries read.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Store, type TableNames, tableNames } from '@weir/sinks/clickhouse';
import type { Bench, BenchOptions, BenchResult } from '../../bench.js';
import { monotonicSeconds } from '../../clock.js';
import { type DayOfEvents, writeDayOfEvents } from './events.js';
import { HEAD, lineOf, measuresOf, type VariantFigures } from './figures.js';
import { probeIdentity } from './identity.js';
import { chooseParams, measureQuery, QUERIES, type QueryFigures } from './queries.js';
import {
  columnsOfTable,
  contentOf,
  fill,
  largestColumns,
  makeEventsTable,
  makeVariant,
  mergeAll,
  sizeOf,
} from './tables.js';
import { openTarget, type Target } from './target.js';
import { PRESENT, VARIANTS, type Variant } from './variants.js';

const EVENTS_FULL = 1_000_000;
const EVENTS_SMALL = 4_000;
/** Of its own, so that nobody's events are touched. */
const EVENTS_TABLE = 'weir_bench_storage.events';

export const storage: Bench = {
  name: 'storage',
  summary: 'codecs, columns, indexes and keys of the events table, and what queries read',
  run: (options) => run(options, VARIANTS),
};

export async function run(options: BenchOptions, known: readonly Variant[]): Promise<BenchResult> {
  const wanted = options.variants;
  const variants = known.filter(
    ({ name }) => wanted === null || name === PRESENT || wanted.includes(name),
  );
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-storage-'));
  try {
    const count = options.count ?? (options.small ? EVENTS_SMALL : EVENTS_FULL);
    const events = writeDayOfEvents(work, count, options.seed);
    options.say(`${events.eventCount} events, ${events.rawByteCount} bytes`);
    const target = await openTarget(work, process.env.CLICKHOUSE_URL);
    const tables = tableNames(EVENTS_TABLE);
    try {
      return await compareVariants(options, variants, target, tables, events);
    } finally {
      await dropDatabase(target.store, tables).finally(() => target.end());
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function compareVariants(
  options: BenchOptions,
  variants: readonly Variant[],
  target: Target,
  tables: TableNames,
  events: DayOfEvents,
): Promise<BenchResult> {
  const { store } = target;
  // What a run that was ended may have left.
  await dropDatabase(store, tables);
  await makeEventsTable(store, tables);
  // The first table is not measured: it is the warm-up.
  await fill(store, tables.events, await columnsOfTable(store, tables), events);
  const params = await chooseParams(store, tables.events);
  const found = new Map<string, VariantFigures>();
  for (const variant of variants) {
    const figures = await measureVariant(options, variant, target, tables, events, params);
    found.set(variant.name, figures);
    options.say(lineOf(variant.name, figures, events));
  }
  const content = await contentOf(store, tables.events);
  checkSameContent(content, new Map([...found].map(([name, one]) => [name, one.content])));
  return {
    measures: Object.assign({}, ...[...found].map(([name, one]) => measuresOf(name, one, events))),
    facts: {
      events: events.eventCount,
      rawBytesPerEvent: Math.round(events.rawByteCount / events.eventCount),
      engine: target.engine,
      allVariantsHold: content,
      askedFor: params,
      largestColumnsOfPresent: found.get(PRESENT)?.columns,
      table: [HEAD, ...[...found].map(([name, one]) => lineOf(name, one, events))],
    },
    hash: content,
  };
}

async function measureVariant(
  options: BenchOptions,
  variant: Variant,
  { store, cpuSeconds }: Target,
  tables: TableNames,
  events: DayOfEvents,
  params: Readonly<Record<string, unknown>>,
): Promise<VariantFigures> {
  const name = `variant_${variant.name}`;
  const table = `\`${tables.database}\`.${name}`;
  await makeVariant(store, tables, table, variant);
  const columns = await columnsOfTable(store, tables);
  const cpuBefore = await cpuSeconds();
  const startedAt = monotonicSeconds();
  await fill(store, table, columns, events);
  const insertSeconds = monotonicSeconds() - startedAt;
  const insertCpuSeconds = (await cpuSeconds()) - cpuBefore;
  const { parts } = await sizeOf(store, tables.database, name);
  await mergeAll(store, table);
  const figures = {
    ...{ insertSeconds, insertCpuSeconds, partsInserted: parts },
    mergedCpuSeconds: (await cpuSeconds()) - cpuBefore,
    content: await contentOf(store, table),
    size: await sizeOf(store, tables.database, name),
    columns: await columnLines(store, tables.database, name, events.eventCount),
    identity: await probeIdentity(store, tables, variant),
    queries: await measureQueries(store, table, params, options.runs),
  };
  await store.command(`DROP TABLE ${table} SYNC`);
  return figures;
}

const dropDatabase = (store: Store, { database }: TableNames): Promise<void> =>
  store.command(`DROP DATABASE IF EXISTS \`${database}\` SYNC`);

async function columnLines(
  store: Store,
  database: string,
  name: string,
  eventCount: number,
): Promise<string[]> {
  const columns = await largestColumns(store, database, name);
  return columns.map(({ column, bytes }) => `${column} ${(Number(bytes) / eventCount).toFixed(1)}`);
}

async function measureQueries(
  store: Store,
  table: string,
  params: Readonly<Record<string, unknown>>,
  runs: number,
): Promise<Record<string, QueryFigures>> {
  const figures: Record<string, QueryFigures> = {};
  for (const query of QUERIES)
    figures[query.name] = await measureQuery(store, table, query, params, Math.max(1, runs));
  return figures;
}

/** Throws when a variant lacks an event or has one twice: its figures would be of other work. */
export function checkSameContent(wanted: string, contents: ReadonlyMap<string, string>): void {
  const others = [...contents].filter(([, content]) => content !== wanted);
  if (others.length === 0) return;
  const said = others.map(([name, content]) => `${name} has ${content}`).join('; ');
  throw new Error(`not every variant holds the same events: ${wanted} wanted, but ${said}`);
}
