// Scenario: batches of several streams on their way from admission through the spool into a sink,
// with a hole, a declared loss, a re-read after a rewind, an outcome that is missing or repeated.
// Guarantees: what closes raises no alarm; whatever is skipped, dropped or forgotten at any of the
// three places is named once, with its count, and stays in metrics and report while it lasts.
import {
  type AdmissionTally,
  allocateBytes,
  type BatchBuffer,
  type Consumer,
  type Disposition,
  Metrics,
  type RefusalCause,
  type SettledOutcome,
  type SpooledBatch,
} from '@weir/pipeline';
import t from 'tap';
import { BufferAccounts } from './buffer-accounts.js';
import { Conservation } from './conservation.js';
import { SinkAccounts } from './sink-accounts.js';

const NODE = { nodeId: 'node', epoch: 7n };
const { signal } = new AbortController();

function spooled(
  frameNo: number,
  stream: string,
  seqFirst: number,
  eventCount: number,
  { epoch = 7n, dispositions = [] }: { epoch?: bigint; dispositions?: Disposition[] } = {},
): SpooledBatch {
  return {
    position: { segmentId: 1, frameNo },
    batch: {
      tenant: 'default',
      stream,
      retentionClass: 'default',
      format: 'syslog',
      receivedAtNs: 0n,
      eventCount,
      bytes: allocateBytes(0),
      offsets: new Uint32Array(eventCount + 1),
      marks: new Uint32Array(0),
      runs: [],
      requestParts: [],
      dispositions,
      epoch,
      seqFirst,
    },
  };
}

function consumerOf(batches: readonly SpooledBatch[]): Consumer {
  let next = 0;
  return {
    name: 'test',
    frontier: null,
    pendingFrameCount: 0,
    pendingEventCount: 0,
    read: async () => batches[next++] ?? null,
    rewind: () => {
      next = 0;
    },
    settle: async () => {},
  };
}

const outcome = (
  stream: string,
  kind: SettledOutcome['kind'],
  seqs: readonly number[],
  epoch = 7n,
): SettledOutcome => ({ tenant: 'default', stream, epoch, kind, seqs });

/** Reads all, settles all, with these outcomes. */
async function deliver(
  batches: readonly SpooledBatch[],
  outcomes: readonly SettledOutcome[],
): Promise<SinkAccounts> {
  const accounts = new SinkAccounts(consumerOf(batches), NODE);
  while ((await accounts.read(signal)) !== null);
  const last = batches.at(-1);
  if (last !== undefined) await accounts.settle(last.position);
  accounts.note(outcomes);
  return accounts;
}

const lostOf = (first: number, last: number): Disposition => ({
  kind: 'lost',
  cause: 'spool_write_failed',
  seqRanges: [[first, last]],
  eventCount: last - first + 1,
});

t.test('a sink that closes', async (t) => {
  const accounts = await deliver(
    [
      spooled(0, 'node/a', 0, 10),
      spooled(1, 'node/a', 13, 2, { dispositions: [lostOf(10, 12)] }),
      spooled(2, 'node/b', 0, 5),
    ],
    [
      outcome('node/a', 'stored', [0, 7, 13, 14]),
      outcome('node/a', 'quarantined', [8, 9]),
      outcome('node/a', 'lost', [10, 12]),
      outcome('node/b', 'filtered', [0, 3]),
      outcome('node/b', 'known', [4, 4]),
      // Repeated: each number counts once.
      outcome('node/a', 'stored', [5, 7]),
    ],
  );
  t.equal(accounts.missingEvents, 0);
  t.same(accounts.accounts(), [
    {
      stream: 'node/a',
      outcomes: { stored: 10, quarantined: 2, filtered: 0, lost: 3 },
      settled: 12,
      missing: 0,
    },
    {
      stream: 'node/b',
      outcomes: { stored: 0, quarantined: 0, filtered: 4, lost: 0 },
      settled: 5,
      missing: 0,
    },
  ]);
});

t.test('what is skipped counts, each number once', async (t) => {
  const watch = new SinkAccounts(
    consumerOf([spooled(0, 'node/a', 2, 10), spooled(1, 'node/a', 15, 2)]),
    NODE,
  );
  for (let i = 0; i < 2; i++) await watch.read(signal);
  t.equal(watch.missingEvents, 5, 'two before the first, three between');
  watch.rewind();
  for (let i = 0; i < 2; i++) await watch.read(signal);
  t.equal(watch.missingEvents, 5);
});

t.test('of an earlier epoch the first numbers may be settled before', async (t) => {
  const accounts = await deliver(
    [spooled(0, 'node/a', 100, 10, { epoch: 6n })],
    [outcome('node/a', 'stored', [100, 109], 6n)],
  );
  t.equal(accounts.missingEvents, 0);
  t.match(accounts.accounts(), [{ settled: 0, outcomes: { stored: 10 } }]);
});

t.test('settled without an outcome', async (t) => {
  const batches = [spooled(0, 'node/a', 0, 10), spooled(1, 'node/a', 10, 10)];
  const accounts = await deliver(batches, [outcome('node/a', 'stored', [0, 14])]);
  t.equal(accounts.missingEvents, 5);
  accounts.note([outcome('node/a', 'stored', [15, 19])]);
  t.equal(accounts.missingEvents, 0);
});

t.test('streams of other nodes are not watched', async (t) => {
  const accounts = await deliver([spooled(0, 'other/a', 50, 10)], []);
  t.equal(accounts.missingEvents, 0);
  t.same(accounts.accounts(), []);
});

t.test('the buffer: waiting, durable, failed', async (t) => {
  const ends: ((error: Error | null) => void)[] = [];
  const buffer: BatchBuffer = {
    isFull: false,
    append: () =>
      new Promise((resolve, reject) => {
        ends.push((error) =>
          error === null ? resolve({ segmentId: 1, frameNo: 0 }) : reject(error),
        );
      }),
  };
  const accounts = new BufferAccounts(buffer, 'node');
  const { batch } = spooled(0, 'node/a', 0, 10);
  const appends = [accounts.append(batch), accounts.append(batch)];
  void accounts.append(spooled(0, 'other/a', 0, 10).batch);
  t.same(accounts.of('node/a'), { waiting: 20, durable: 0, failed: 0 });
  ends[0]?.(null);
  await appends[0];
  ends[1]?.(new Error('no'));
  await t.rejects(appends[1] as Promise<unknown>, /no/);
  t.same(accounts.of('node/a'), { waiting: 0, durable: 10, failed: 10 });
  t.same(accounts.of('other/a'), { waiting: 0, durable: 0, failed: 0 });
});

t.test('the report, the log and the metrics', async (t) => {
  let tally: AdmissionTally = {
    offered: 15,
    issued: 10,
    open: 2,
    refused: new Map<RefusalCause, number>([['spool_full', 3]]),
  };
  const said: string[] = [];
  const metrics = new Metrics();
  const buffer = new BufferAccounts(
    { isFull: false, append: async () => ({ segmentId: 1, frameNo: 0 }) },
    'node',
  );
  await buffer.append(spooled(0, 'node/a', 0, 10).batch);
  const conservation = new Conservation({
    metrics,
    buffer,
    onImbalance: (problem) => said.push(problem),
  });
  conservation.watchStreams([{ stream: 'node/a', tally: () => tally }]);
  const sink = await deliver([spooled(0, 'node/a', 0, 8)], [outcome('node/a', 'stored', [0, 7])]);
  conservation.watchSink('out', sink);
  conservation.check();
  t.same(conservation.report, { isBalanced: true, problems: [] });
  const text = await metrics.text();
  for (const line of [
    'conservation_offered_events_total{stream="node/a"} 15',
    'conservation_refused_events_total{stream="node/a",cause="spool_full"} 3',
    'conservation_settled_events_total{sink="out",stream="node/a",outcome="stored"} 8',
    'conservation_in_flight_events{sink="out",stream="node/a"} 2',
    'conservation_imbalance_events{place="admission",stream="node/a"} 0',
  ])
    t.ok(text.includes(line), line);
  tally = { ...tally, offered: 17, issued: 11 };
  await sink.settle({ segmentId: 1, frameNo: 0 });
  conservation.check();
  conservation.check();
  t.match(said, [/^admission, stream node\/a: .* by 1$/, /^spool, stream node\/a: .* by 1$/]);
  t.equal(conservation.report.isBalanced, false);
  t.match(await metrics.text(), /conservation_imbalance_events\{place="spool",[^}]*\} 1/);
  tally = { ...tally, offered: 15, issued: 10 };
  conservation.check();
  t.same(conservation.report, { isBalanced: true, problems: [] });
});

t.test('a gap counts only when its declaration should have come', async (t) => {
  const batches = [
    spooled(0, 'node/a', 0, 10),
    spooled(1, 'node/a', 20, 10),
    spooled(2, 'node/a', 30, 10),
    spooled(3, 'node/a', 40, 0, { dispositions: [lostOf(10, 19)] }),
  ];
  for (const isDeclared of [true, false]) {
    const log = isDeclared ? batches : [...batches.slice(0, 3), spooled(3, 'node/a', 40, 1)];
    let readCount = 0;
    const inner = consumerOf(log);
    const accounts = new SinkAccounts(
      {
        ...inner,
        get pendingFrameCount() {
          return log.length - readCount;
        },
        read: async (stop) => {
          readCount++;
          return inner.read(stop);
        },
      },
      NODE,
    );
    for (let i = 0; i < 3; i++) await accounts.read(signal);
    t.equal(accounts.missingEvents, 0, 'it may still come');
    await accounts.read(signal);
    t.equal(accounts.missingEvents, isDeclared ? 0 : 10);
  }
});
