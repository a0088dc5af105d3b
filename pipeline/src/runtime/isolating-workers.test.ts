// Scenario: simulated workers on which random rows fail in random ways, which say where they were,
// or nothing, or something wrong, and which now and then end because of something else.
// Guarantees: exactly the bad rows go to quarantine, all others come out once and in order; the
// number of runs is bounded; what is no batch's fault is never blamed on one; time is bounded.
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { SequencedBatch } from '../batch.js';
import type { EncodedBatch, ProcessTask } from '../component.js';
import { LIMITS } from '../limits.js';
import { nodeClock } from '../node/index.js';
import type { Clock, RunOptions, Workers } from '../ports.js';
import { chaosBatch, chaosExpected, chaosQuarantine, chaosResult } from '../testing/chaos-rig.js';
import { SimRandom } from '../testing/sim-random.js';
import { type WorkerFailureKind, workerError } from '../worker-failure.js';
import {
  errorTypeOf,
  IsolatingWorkers,
  type IsolatingWorkersOptions,
} from './isolating-workers.js';
import type { IsolationReport } from './isolation.js';

interface Fault {
  readonly kind: WorkerFailureKind;
  readonly row: number;
}
type FaultOf = (texts: readonly string[], runNo: number) => Fault | null;

class TestClock implements Clock {
  ms = 0;
  nowNs(): bigint {
    return BigInt(Math.round(this.ms * 1e6));
  }
  monotonicMs(): number {
    return this.ms;
  }
}

/** Moves the bytes as the real pool does, and takes simulated time. */
class FakeWorkers implements Workers<ProcessTask, EncodedBatch> {
  readonly workerCount = 1;
  readonly timeouts: (number | undefined)[] = [];
  readonly batches: SequencedBatch[] = [];
  /** Ids of the taps of each task. */
  readonly tapIds: number[][] = [];
  readonly #faultOf: FaultOf;
  readonly #clock: TestClock;

  constructor(clock: TestClock, faultOf: FaultOf) {
    this.#clock = clock;
    this.#faultOf = faultOf;
  }

  async run(
    { batch, skipSeqs, taps }: ProcessTask,
    transfer: readonly ArrayBuffer[],
    options?: RunOptions,
  ): Promise<EncodedBatch> {
    const { bytes } = structuredClone({ bytes: batch.bytes }, { transfer: [...transfer] });
    this.batches.push(batch);
    this.tapIds.push(taps.map(({ id }) => id));
    this.timeouts.push(options?.timeoutMs);
    const texts = Array.from({ length: batch.eventCount }, (_, row) =>
      new TextDecoder().decode(bytes.subarray(batch.offsets[row], batch.offsets[row + 1])),
    );
    const fault = this.#faultOf(texts, this.batches.length);
    if (fault === null) return encodedOf(batch, texts, skipSeqs);
    const ranMs = fault.kind === 'hung' ? (options?.timeoutMs ?? 0) : 1;
    this.#clock.ms += ranMs;
    throw workerError({ ...fault, message: 'failed', component: null, ranMs });
  }
  async close(): Promise<void> {}
}

/** `drop` is filtered, `bad` put into quarantine by the worker. */
function encodedOf(
  batch: SequencedBatch,
  texts: readonly string[],
  skipSeqs: Float64Array | null,
): EncodedBatch {
  const lines = texts.map((text, row) => `${batch.seqFirst + row} ${text}\n`);
  const events = lines.filter((_, row) => !skipSeqs?.includes(batch.seqFirst + row));
  return {
    events: { rowCount: events.length, bytes: new TextEncoder().encode(events.join('')) },
    quarantine: null,
    quarantinedSeqs: new Float64Array(0),
    quarantinedByReason: {},
    filtered: [
      {
        kind: 'filtered',
        cause: 'filter:f',
        seqRanges: [[batch.seqFirst, batch.seqFirst + batch.eventCount - 1]],
        eventCount: batch.eventCount,
      },
    ],
    steps: [
      {
        component: 'f',
        receivedEvents: texts.length,
        sentEvents: texts.length,
        failedEvents: 0,
      },
    ],
    tapped: [{ id: 1, lines: texts.slice(0, 7), matchedEvents: texts.length }],
  };
}

interface Rig {
  readonly clock: TestClock;
  readonly fake: FakeWorkers;
  readonly workers: IsolatingWorkers;
  readonly reports: IsolationReport[];
  readonly kinds: WorkerFailureKind[];
}

function rig(faultOf: FaultOf, more: Partial<IsolatingWorkersOptions> = {}): Rig {
  const clock = new TestClock();
  const fake = new FakeWorkers(clock, faultOf);
  const reports: IsolationReport[] = [];
  const kinds: WorkerFailureKind[] = [];
  const workers = new IsolatingWorkers({
    workers: fake,
    quarantineRows: chaosQuarantine,
    clock,
    onIsolated: (report) => reports.push(report),
    onFailure: (failure) => kinds.push(failure.kind),
    ...more,
  });
  return { clock, fake, workers, reports, kinds };
}

function run(workers: IsolatingWorkers, batch: SequencedBatch, skipSeqs?: number[]) {
  const taps = [{ id: 1, component: 'f', condition: null, rowsMax: 7 }];
  const skip = skipSeqs === undefined ? null : Float64Array.from(skipSeqs);
  return workers.run({ batch, sink: 'out', skipSeqs: skip, taps, spare: null }, [
    batch.bytes.buffer,
  ]);
}

const s = (ms: number): string => `${ms / 1_000} s`;
const seed = Number(process.env.WEIR_SEED ?? nodeClock.nowNs() % 2n ** 31n);

t.test('random bad rows', async (t) => {
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const upTo = (count: number): number => random.u32() % count;
  const roundCount = process.env.WEIR_LONG === '1' ? 5_000 : 300;
  for (let round = 0; round < roundCount; round++) {
    const count = 1 + upTo(upTo(4) === 0 ? 512 : 20);
    const bad = new Set<number>();
    for (let i = upTo(4) === 0 ? upTo(count + 1) : upTo(3); i > 0; i--) bad.add(upTo(count));
    const texts = Array.from({ length: count }, (_, row) => (bad.has(row) ? `x${row}` : `${row}`));
    // 0: says nothing; 1: the truth; 2: anything.
    const honesty = upTo(3);
    const accidentsPer100 = upTo(2) * 10;
    const kinds: WorkerFailureKind[] = ['threw', 'died'];
    let ownFailureCount = 0;
    const { workers, fake, reports } = rig(
      (given) => {
        if (upTo(100) < accidentsPer100) return { kind: 'bystander', row: -1 };
        const row = given.findIndex((text) => text.startsWith('x'));
        if (row < 0) return null;
        ownFailureCount++;
        const told = honesty === 0 ? -1 : honesty === 1 ? row : upTo(given.length + 3) - 1;
        return { kind: kinds[upTo(2)] as WorkerFailureKind, row: told };
      },
      { lostMsMax: Number.POSITIVE_INFINITY },
    );
    const seqFirst = upTo(1_000);
    const skipSeqs = [seqFirst, seqFirst + upTo(count)].slice(upTo(3));
    const encoded = await run(workers, chaosBatch(texts, { seqFirst }), skipSeqs);
    const expected = chaosExpected(texts, seqFirst, bad);
    const isSent = (line: string): boolean => !skipSeqs.includes(Number(line.split(' ')[0]));
    const got = chaosResult(encoded);
    t.same(
      got,
      {
        ...expected,
        events: expected.events.filter(isSent),
        quarantine: expected.quarantine.filter(isSent),
      },
      `round ${round} of seed ${seed}`,
    );
    const passed = count - bad.size;
    const filtered = encoded.filtered[0];
    t.equal(filtered?.eventCount ?? 0, passed, 'filtered numbers');
    t.ok(isDisjointFrom(filtered?.seqRanges ?? [], got.quarantinedSeqs), 'not those of bad rows');
    if (passed > 0) {
      t.equal(encoded.steps?.[0]?.receivedEvents, passed, 'steps');
      t.equal(encoded.tapped?.[0]?.matchedEvents, passed, 'taps');
      t.equal(encoded.tapped?.[0]?.lines.length, Math.min(7, passed), 'taps keep their limit');
    }
    t.equal(reports.length, bad.size > 0 ? 1 : 0, 'told once');
    const depth = Math.ceil(Math.log2(count)) + 2;
    t.ok(ownFailureCount <= bad.size * depth + 2, `${ownFailureCount} of ${bad.size} in ${count}`);
    for (const batch of fake.batches) t.equal(batch.bytes.length, 0, 'every run moves its bytes');
  }
});

function isDisjointFrom(
  ranges: readonly (readonly [number, number])[],
  seqs: readonly number[],
): boolean {
  return !seqs.some((seq) => ranges.some(([first, last]) => seq >= first && seq <= last));
}

t.test('an accident: the batch passes at the second try, whole', async (t) => {
  for (const kind of ['died', 'threw', 'hung'] as const) {
    const { workers, fake, reports } = rig((_, runNo) => (runNo === 1 ? { kind, row: -1 } : null));
    const encoded = await run(workers, chaosBatch(['a', 'b', 'c']));
    t.same(chaosResult(encoded), chaosExpected(['a', 'b', 'c'], 0, new Set()));
    t.equal(fake.batches.length, 2);
    t.same(reports[0]?.rows, []);
  }
});

t.test('with progress one bad row of 512 costs two failures', async (t) => {
  const texts = Array.from({ length: 512 }, (_, row) => (row === 300 ? 'x' : 'y'));
  const { workers, kinds, fake, clock } = rig((given) => {
    const row = given.indexOf('x');
    return row < 0 ? null : { kind: 'hung', row };
  });
  const encoded = await run(workers, chaosBatch(texts));
  t.same([...encoded.quarantinedSeqs], [300]);
  t.same(kinds, ['hung', 'hung']);
  t.same(
    fake.batches.map((batch) => batch.eventCount),
    [512, 1, 300, 211],
  );
  t.equal(clock.ms, LIMITS.workerBatchTimeoutMs + LIMITS.workerPieceTimeoutMs);
});

t.test('a batch in which all rows hang: the time is bounded, nothing is lost', async (t) => {
  const texts = Array.from({ length: 512 }, (_, row) => `x${row}`);
  const { workers, clock, reports } = rig(() => ({ kind: 'hung', row: -1 }));
  const encoded = await run(workers, chaosBatch(texts));
  t.same(chaosResult(encoded), chaosExpected(texts, 0, new Set(texts.keys())));
  const boundMs = LIMITS.isolationLostMsMax + LIMITS.workerPieceTimeoutMs;
  t.ok(clock.ms <= boundMs, `${clock.ms} ms`);
  const [report] = reports;
  t.equal((report?.rows.length ?? 0) + (report?.untriedCount ?? 0), 512);
});

t.test('a component that fails again and again gets shorter times, for a minute', async (t) => {
  const { workers, clock, reports, fake } = rig((given) => {
    const row = given.indexOf('x');
    return row < 0 ? null : { kind: 'hung', row };
  });
  for (let i = 0; i <= LIMITS.isolationsPerMinuteMax; i++) {
    await run(workers, chaosBatch(['a', 'x'], { seqFirst: 2 * i }));
    // Six seconds each; in a row they would be over the minute.
    clock.ms = i;
  }
  t.same(
    reports.map((report) => report.isStorm),
    reports.map((_, i) => i === LIMITS.isolationsPerMinuteMax),
  );
  fake.timeouts.length = 0;
  const encoded = await run(workers, chaosBatch(['a', 'x', 'c']));
  t.same([...encoded.quarantinedSeqs], [1], 'nothing is dropped');
  const { stormBatchTimeoutMs, stormPieceTimeoutMs } = LIMITS;
  t.equal(fake.timeouts[0], stormBatchTimeoutMs);
  t.same(new Set(fake.timeouts.slice(1)), new Set([stormPieceTimeoutMs]));
  clock.ms += 70_000;
  await run(workers, chaosBatch(['a']));
  t.equal(fake.timeouts.at(-1), LIMITS.workerBatchTimeoutMs, 'and then the usual ones again');
});

t.test('what is no fault of the batch reaches the caller', async (t) => {
  const gone = rig(() => ({ kind: 'unavailable', row: -1 }));
  await t.rejects(run(gone.workers, chaosBatch(['a'])), { code: 'WEIR_WORKER_FAILED' });
  t.equal(gone.fake.batches.length, 1, 'not tried in vain');

  const goneLater = rig((_, runNo) => ({ kind: runNo === 1 ? 'died' : 'unavailable', row: 0 }));
  await t.rejects(run(goneLater.workers, chaosBatch(['a'])), { code: 'WEIR_WORKER_FAILED' });
  t.same(goneLater.reports, [], 'nothing was put aside');

  const unlucky = rig(() => ({ kind: 'bystander', row: -1 }));
  await t.rejects(run(unlucky.workers, chaosBatch(['a'])), { code: 'WEIR_WORKER_FAILED' });
  t.equal(unlucky.fake.batches.length, LIMITS.workerBystanderRetriesMax + 1);
  t.same(unlucky.reports, []);

  const other = rig(() => {
    throw new TypeError('not of a worker');
  });
  await t.rejects(run(other.workers, chaosBatch(['a'])), TypeError);
});

t.test('a bystander keeps its full time', async (t) => {
  const { workers, fake } = rig((_, no) => (no < 3 ? { kind: 'bystander', row: -1 } : null));
  await run(workers, chaosBatch(['a', 'b']));
  t.same(new Set(fake.timeouts), new Set([LIMITS.workerBatchTimeoutMs]));
});

t.test('docs/isolation.md has the figures of the code', (t) => {
  const page = readFileSync(new URL('../../../docs/isolation.md', import.meta.url), 'utf8');
  const rows = [
    `one batch with a worker | ${s(LIMITS.workerBatchTimeoutMs)} | ${s(LIMITS.stormBatchTimeoutMs)} |`,
    `with a worker | ${s(LIMITS.workerPieceTimeoutMs)} | ${LIMITS.stormPieceTimeoutMs} ms |`,
    `included | ${s(LIMITS.isolationLostMsMax)} | ${s(LIMITS.stormLostMsMax)} |`,
    `replaced after | ${s(LIMITS.workerStallMs)} |`,
    `more than ${LIMITS.isolationsPerMinuteMax} isolations`,
    `up to ${LIMITS.poolBatchesInFlightMax} batches`,
  ];
  for (const row of rows) t.ok(page.includes(row), row);
  for (const kind of ['threw', 'hung', 'died', 'bystander', 'unavailable'] as const) {
    const failure = { kind, message: '', row: -1, component: null, ranMs: 0 };
    t.ok(page.includes(`\`${errorTypeOf(failure)}\``), errorTypeOf(failure));
  }
  t.end();
});

t.test('conditions of taps do not come along when a batch is tried again', async (t) => {
  const { workers, fake, reports } = rig((_, runNo) =>
    runNo === 1 ? { kind: 'hung', row: 1 } : null,
  );
  const batch = chaosBatch(['a', 'b', 'c']);
  const tap = { component: 'f', rowsMax: 7 };
  const taps = [
    { ...tap, id: 1, condition: null },
    { ...tap, id: 2, condition: 'raw_data.matches("(a+)+$")' },
  ];
  const task = { batch, sink: 'out', skipSeqs: null, taps, spare: null };
  await workers.run(task, [batch.bytes.buffer]);
  t.strictSame(fake.tapIds[0], [1, 2]);
  t.ok(fake.tapIds.length > 1);
  for (const ids of fake.tapIds.slice(1)) t.strictSame(ids, [1]);
  t.strictSame(reports[0]?.rows, [], 'no event is to blame for a condition');
});
