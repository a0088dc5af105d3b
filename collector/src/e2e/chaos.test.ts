// Scenario: the worker of the collector with a component in its graph that throws, hangs, exits or
// fills the heap on some events, at two sinks of different encodings, several streams at once.
// Guarantees: at each sink every event has exactly one fate, those that cost a worker are in
// quarantine with their bytes, all others arrive in order, also those on which the component only
// threw, marked; the reports name the component.
import {
  type EncodedBatch,
  IsolatingWorkers,
  type IsolationReport,
  LIMITS,
  OrderedProcessor,
  type ProcessTask,
  type QuarantineRows,
  type SequencedBatch,
  type WorkerSetup,
} from '@weir/pipeline';
import { nodeClock, nodeWorkers } from '@weir/pipeline/node';
import { quarantineWhole } from '@weir/sinks/clickhouse';
import { quarantineRows } from '@weir/sinks/ndjson';
import t from 'tap';
import { batchOf, fatesOf, graphOf, linesOf, setupOf } from '../run/worker/test-setup.js';

/** No time is measured here, and the machine may be busy with other tests. */
t.setTimeout(180_000);
const MISDEEDS = ['throw', 'hang', 'exit', 'recurse', 'fill'];
/** An enricher that throws has added nothing; the worker lives. Running out of stack is a throw. */
const CAUGHT: ReadonlySet<string> = new Set(['throw', 'recurse']);
const BATCH_EVENTS = 60;

const graph = graphOf(
  {
    first: { type: 'set', inputs: ['edge'], fields: { 'labels.seen': 'yes' } },
    bad_one: {
      type: 'enrich',
      inputs: ['first'],
      module: './chaos-components.js',
      export: 'misbehaves',
    },
  },
  {
    lines: { type: 'stdout', inputs: ['bad_one'] },
    rows: { type: 'clickhouse', inputs: ['bad_one'] },
  },
);
const setup: WorkerSetup = setupOf(graph, { baseUrl: new URL('.', import.meta.url).href });

const pool = nodeWorkers<ProcessTask, EncodedBatch>({
  entry: new URL('../run/worker.js', import.meta.url),
  workerCount: 2,
  queueTaskCountMax: 2 * LIMITS.poolBatchesInFlightMax,
  heapMiBMax: 64,
  // A test runner's hooks would make the start of each worker a second longer.
  execArgv: [],
  setup,
  components: Object.keys(graph.transforms),
  batchTimeoutMs: 2_000,
});
t.teardown(() => pool.close());

function processorOf(sink: string, rows: QuarantineRows, reports: IsolationReport[]) {
  const workers = new IsolatingWorkers({
    workers: pool,
    quarantineRows: rows,
    clock: nodeClock,
    batchTimeoutMs: 2_000,
    pieceTimeoutMs: 1_000,
    onIsolated: (report) => reports.push(report),
  });
  return new OrderedProcessor({ workers, clock: nodeClock, sink });
}

interface Case {
  readonly batch: () => SequencedBatch;
  /** Rows that have to go to quarantine. */
  readonly bad: ReadonlySet<number>;
  /** Rows that have to be marked. */
  readonly marked: ReadonlySet<number>;
}

/** One misdeed in each second batch. */
const cases: readonly Case[] = Array.from({ length: 2 * MISDEEDS.length }, (_, number) => {
  const misdeed = number % 2 === 0 ? MISDEEDS[number / 2] : undefined;
  const at = (number * 7) % BATCH_EVENTS;
  const seqFirst = number * BATCH_EVENTS;
  const rows = new Set(misdeed === undefined ? [] : [at]);
  const isCaught = CAUGHT.has(misdeed ?? '');
  const texts = Array.from({ length: BATCH_EVENTS }, (_, row) => {
    const ask = row === at && misdeed !== undefined ? `please ${misdeed}` : 'all is well';
    return `<134>1 2026-03-01T12:00:00Z host app - - - ${ask}, number ${seqFirst + row}`;
  });
  return {
    batch: () => batchOf(texts, { seqFirst }),
    bad: isCaught ? new Set() : rows,
    marked: isCaught ? rows : new Set(),
  };
});

const isolatedOf = (reports: readonly IsolationReport[]) =>
  reports
    .flatMap((report) => report.rows)
    .map(({ seq, component }) => `${seq} ${component}`)
    .sort();
const expectedIsolated = cases
  .flatMap(({ bad }, number) => [...bad].map((row) => `${number * BATCH_EVENTS + row} bad_one`))
  .sort();

t.test('two sinks share the pool', async (t) => {
  const reports = { lines: [] as IsolationReport[], rows: [] as IsolationReport[] };
  const lines = processorOf('lines', quarantineRows, reports.lines);
  const rows = processorOf('rows', quarantineWhole, reports.rows);
  const ended: number[] = [];
  await Promise.all(
    cases.flatMap(({ batch, bad, marked }, number) => [
      lines.process(batch(), null).then((encoded) => {
        ended.push(number);
        checkLines(batch(), encoded, bad, marked);
      }),
      rows.process(batch(), null).then((encoded) => {
        t.same(fatesOf(batch(), encoded), expectedFates(bad), `rows ${number}`);
        t.equal(encoded.quarantine?.rowCount ?? 0, bad.size);
      }),
    ]),
  );
  t.same(ended, [...cases.keys()], 'in order');
  t.same(isolatedOf(reports.lines), expectedIsolated);
  t.same(isolatedOf(reports.rows), expectedIsolated);

  function checkLines(
    batch: SequencedBatch,
    encoded: EncodedBatch,
    bad: ReadonlySet<number>,
    marked: ReadonlySet<number>,
  ): void {
    t.same(fatesOf(batch, encoded), expectedFates(bad), `lines at ${batch.seqFirst}`);
    const text = new TextDecoder();
    const rawOf = (row: number): string =>
      text.decode(batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]));
    const all = [...Array(BATCH_EVENTS).keys()];
    const lines = linesOf(encoded);
    t.same(
      lines.map((line) => line.raw_data),
      all.filter((row) => !bad.has(row)).map(rawOf),
    );
    for (const row of marked) t.match(lines[row]?.marks, ['component_failed']);
    const quarantined = text.decode(encoded.quarantine?.bytes ?? new Uint8Array(0));
    for (const row of bad) t.match(quarantined, rawOf(row).slice(5), 'with its bytes');
    t.same(encoded.quarantinedByReason, bad.size === 0 ? {} : { component_failed: bad.size });
    const step = encoded.steps?.find(({ component }) => component === 'bad_one');
    t.same(
      [step?.receivedEvents, step?.sentEvents, step?.failedEvents],
      [BATCH_EVENTS, BATCH_EVENTS - bad.size, bad.size + marked.size],
      'steps',
    );
  }
});

const expectedFates = (bad: ReadonlySet<number>): string[] =>
  Array.from({ length: BATCH_EVENTS }, (_, row) => (bad.has(row) ? 'quarantined' : 'stored'));
