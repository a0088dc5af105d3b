// Scenario: the real pool, and a component that does everything a component must not do, each to
// one row of a batch; then all of them at random.
// Guarantees: every other row of the batch and every other stream arrives, whole and in order; the
// bad row is in quarantine with its bytes; the counts are right; the pool works as before.
import t from 'tap';
import type { EncodedBatch, ProcessTask } from '../component.js';
import type { Workers } from '../ports.js';
import { IsolatingWorkers } from '../runtime/isolating-workers.js';
import type { IsolationReport } from '../runtime/isolation.js';
import { OrderedProcessor } from '../runtime/ordered-processor.js';
import { chaosBatch, chaosExpected, chaosQuarantine, chaosResult } from '../testing/chaos-rig.js';
import { SimRandom } from '../testing/sim-random.js';
import type { WorkerFailure } from '../worker-failure.js';
import { nodeClock, nodeTimers } from './clock.js';
import { nodeWorkers } from './workers.js';

/** Short where something hangs on purpose, and so long that a busy machine does not seem to. */
const HANG_MS = { batchTimeoutMs: 1_000, pieceTimeoutMs: 600 };
const NO_HANG_MS = { batchTimeoutMs: 20_000, pieceTimeoutMs: 20_000 };
t.setTimeout(process.env.WEIR_LONG === '1' ? 900_000 : 180_000);

interface Rig {
  readonly processor: OrderedProcessor;
  readonly reports: IsolationReport[];
  readonly failures: WorkerFailure[];
  readonly troubles: string[];
}

function rig(t: Tap, tellsProgress: boolean, times = HANG_MS): Rig {
  const reports: IsolationReport[] = [];
  const failures: WorkerFailure[] = [];
  const troubles: string[] = [];
  const pool: Workers<ProcessTask, EncodedBatch> = nodeWorkers({
    entry: new URL('./testing/chaos-worker.js', import.meta.url),
    workerCount: 2,
    queueTaskCountMax: 256,
    heapMiBMax: 64,
    // A test runner's hooks would make the start of each worker a second longer.
    execArgv: [],
    setup: { tellsProgress },
    components: ['the_bad_one'],
    batchTimeoutMs: times.batchTimeoutMs,
    onTrouble: (sentence) => troubles.push(sentence),
  });
  t.teardown(() => pool.close());
  const workers = new IsolatingWorkers({
    workers: pool,
    quarantineRows: chaosQuarantine,
    clock: nodeClock,
    ...times,
    onIsolated: (report) => reports.push(report),
    onFailure: (failure) => failures.push(failure),
  });
  const processor = new OrderedProcessor({ workers, clock: nodeClock, sink: 'out' });
  return { processor, reports, failures, troubles };
}

type Tap = Pick<typeof t, 'same' | 'teardown'>;

const textsOf = (count: number, bad: ReadonlyMap<number, string>): string[] =>
  Array.from({ length: count }, (_, row) =>
    bad.has(row) ? `${bad.get(row)} this is row ${row}` : `fine ${row}`,
  );

/** The bad batch in the middle of good ones, of its stream and of another. */
async function checkOne(t: Tap, { processor }: Rig, texts: string[], bad: Set<number>) {
  const good = textsOf(40, new Map());
  const ended: string[] = [];
  const jobs = ['a 0', 'b 0', 'a 1', 'b 1', 'a 2', 'b 2', 'b 3'].map(async (name) => {
    const [stream = '', at = ''] = name.split(' ');
    const isBad = name === 'a 1';
    const seqFirst = 1_000 * Number(at);
    const batch = chaosBatch(isBad ? texts : good, { stream, seqFirst });
    const encoded = await processor.process(batch, null);
    ended.push(name);
    const expected = chaosExpected(isBad ? texts : good, seqFirst, isBad ? bad : new Set());
    t.same(chaosResult(encoded), expected, name);
  });
  await Promise.all(jobs);
  for (const stream of ['a', 'b']) {
    const order = ended.filter((name) => name.startsWith(stream));
    t.same(order, [...order].sort(), `stream ${stream} in order`);
  }
}

const KINDS: Readonly<Record<string, WorkerFailure['kind']>> = {
  throw: 'threw',
  throwNothing: 'threw',
  throwHostile: 'threw',
  hang: 'hung',
  regexp: 'hung',
  exit: 'died',
  memory: 'died',
  recurse: 'threw',
  reject: 'threw',
  never: 'hung',
};

for (const tellsProgress of [true, false])
  t.test(`one bad row, ${tellsProgress ? 'with' : 'without'} progress`, async (t) => {
    const hanging = rig(t, tellsProgress);
    const others = rig(t, tellsProgress, NO_HANG_MS);
    for (const [misdeed, kind] of Object.entries(KINDS)) {
      const chaos = kind === 'hung' ? hanging : others;
      // Without progress each costs many times as much; one of each kind will do.
      if (!tellsProgress && !['throw', 'hang', 'exit', 'reject'].includes(misdeed)) continue;
      chaos.reports.length = 0;
      chaos.failures.length = 0;
      const startedMs = nodeClock.monotonicMs();
      await checkOne(t, chaos, textsOf(16, new Map([[11, misdeed]])), new Set([11]));
      const tookMs = Math.round(nodeClock.monotonicMs() - startedMs);
      const runs = chaos.reports[0]?.runCount;
      t.comment(`${misdeed}: ${tookMs} ms, ${runs} runs, ${chaos.failures.map((f) => f.kind)}`);
      t.equal(chaos.reports.length, 1, 'told once');
      const [report] = chaos.reports;
      t.same(
        report?.rows.map((row) => [row.seq, row.kind, row.component]),
        [[1_011, kind, tellsProgress ? 'the_bad_one' : null]],
        misdeed,
      );
      t.equal(report?.failure.kind, kind);
      t.equal(report?.untriedCount, 0);
    }
  });

t.test('the first row, the last, the only one, neighbours, and all', async (t) => {
  const chaos = rig(t, true, NO_HANG_MS);
  await checkOne(t, chaos, textsOf(5, new Map([[0, 'exit']])), new Set([0]));
  await checkOne(t, chaos, textsOf(5, new Map([[4, 'exit']])), new Set([4]));
  await checkOne(t, chaos, ['throw alone'], new Set([0]));
  await checkOne(
    t,
    chaos,
    textsOf(
      5,
      new Map([
        [2, 'throw'],
        [3, 'exit'],
      ]),
    ),
    new Set([2, 3]),
  );
  const all = Array.from({ length: 20 }, (_, row) => [row, 'throw'] as const);
  await checkOne(t, chaos, textsOf(20, new Map(all)), new Set(all.map(([row]) => row)));
});

t.test('what goes wrong behind an event does not cost the event', async (t) => {
  const chaos = rig(t, true, NO_HANG_MS);
  await checkOne(t, chaos, textsOf(16, new Map([[3, 'forgets']])), new Set());
  while (chaos.troubles.length === 0) await nodeTimers.sleep(5);
  t.same(chaos.reports, []);
  t.ok(
    chaos.troubles.some((text) => text.includes('nobody waits')),
    'and is told',
  );
  await checkOne(t, chaos, textsOf(16, new Map([[3, 'throwsLater']])), new Set());
  await checkOne(t, chaos, textsOf(16, new Map()), new Set());
});

t.test('at random', async (t) => {
  const seed = Number(process.env.WEIR_SEED ?? nodeClock.nowNs() % 2n ** 31n);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const upTo = (count: number): number => random.u32() % count;
  const chaos = rig(t, upTo(2) === 0);
  const kinds = ['throw', 'hang', 'exit', 'recurse', 'reject', 'throwHostile'];
  const streams = ['a', 'b', 'c'];
  const batchCount = process.env.WEIR_LONG === '1' ? 200 : 12;
  const ended: Record<string, number[]> = { a: [], b: [], c: [] };
  const next: Record<string, number> = { a: 0, b: 0, c: 0 };
  let badCount = 0;
  const jobs = Array.from({ length: batchCount }, async () => {
    const stream = streams[upTo(3)] as string;
    const bad = new Map<number, string>();
    const count = 1 + upTo(50);
    for (let i = upTo(3); i > 0; i--) bad.set(upTo(count), kinds[upTo(kinds.length)] as string);
    badCount += bad.size;
    const texts = textsOf(count, bad);
    const seqFirst = next[stream] as number;
    next[stream] = seqFirst + count;
    const encoded = await chaos.processor.process(chaosBatch(texts, { stream, seqFirst }), null);
    ended[stream]?.push(seqFirst);
    const expected = chaosExpected(texts, seqFirst, new Set(bad.keys()));
    t.same(chaosResult(encoded), expected, `${stream} ${seqFirst} of seed ${seed}`);
  });
  await Promise.all(jobs);
  for (const seqs of Object.values(ended))
    t.same(
      seqs,
      seqs.toSorted((a, b) => a - b),
      'in order',
    );
  const told = chaos.reports.flatMap((report) => report.rows);
  t.equal(told.length, badCount, 'each bad row was told once');
});
