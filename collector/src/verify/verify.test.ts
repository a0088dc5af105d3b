// Scenario: what spool and ledger may show at one moment, right and wrong.
// Guarantees: nothing that is missing passes for in flight because something else is; events that
// flow raise no alarm; events that nobody delivers do.
import type { LedgerStream } from '@weir/sinks/clickhouse';
import t from 'tap';
import { judge, type Look } from './judge.js';

const id = (stream: string, epoch = 1n): { tenant: string; stream: string; epoch: bigint } => ({
  tenant: 'default',
  stream,
  epoch,
});

const ledgerOf = (stream: string, stored: number, epoch = 1n): LedgerStream => ({
  ...id(stream, epoch),
  stored,
  quarantined: 0,
  filtered: 0,
  lost: 0,
  refused: {},
  seqMax: stored - 1,
  missing: [],
});

interface Shown {
  readonly issued: Record<string, number>;
  readonly pending?: readonly (readonly [stream: string, first: number, last: number])[];
  readonly ledger: readonly LedgerStream[];
  readonly isQuiet?: boolean;
}

function lookOf({ issued, pending = [], ledger, isQuiet = pending.length === 0 }: Shown): Look {
  const ranges = pending.map(([stream, seqFirst, seqLast]) => ({
    ...id(stream),
    seqFirst,
    seqLast,
  }));
  return {
    consumer: 'clickhouse',
    spool: {
      streams: Object.entries(issued).map(([stream, count]) => ({
        ...id(stream),
        lastSeq: count - 1,
        refused: {},
        lost: [],
      })),
      consumers: [
        {
          name: 'clickhouse',
          frontier: null,
          pendingFrameCount: ranges.length,
          pendingEventCount: ranges.reduce((sum, r) => sum + r.seqLast - r.seqFirst + 1, 0),
          pending: ranges,
        },
      ],
    },
    ledger,
    isQuiet,
  };
}

t.test('all stored', async (t) => {
  const report = judge(lookOf({ issued: { a: 10 }, ledger: [ledgerOf('a', 10)] }), null);
  t.match(report, { closes: true, inFlight: 0, problems: [] });
});

t.test('in flight, and moving', async (t) => {
  const shown: Shown = { issued: { a: 10 }, pending: [['a', 6, 9]], ledger: [ledgerOf('a', 6)] };
  t.match(judge(lookOf(shown), null), { closes: true, inFlight: 4 });
  t.match(judge(lookOf(shown), 'delivery stands still').problems, [/4 events .* stands still/]);
});

t.test('delivered between the two looks', async (t) => {
  const shown: Shown = { issued: { a: 10 }, pending: [['a', 6, 9]], ledger: [ledgerOf('a', 14)] };
  t.match(judge(lookOf(shown), null), { closes: true, inFlight: 0 });
});

t.test('missing in one stream while another is in flight', async (t) => {
  const report = judge(
    lookOf({
      issued: { a: 100, b: 500 },
      pending: [['b', 100, 499]],
      ledger: [ledgerOf('a', 50), ledgerOf('b', 100)],
    }),
    null,
  );
  t.equal(report.closes, false);
  t.match(report.problems, [/default a epoch 1: 50 numbers are missing: 50-99/]);
});

t.test('a store that knows what was never issued', async (t) => {
  const report = judge(lookOf({ issued: { a: 5 }, ledger: [ledgerOf('a', 8)] }), null);
  t.equal(report.closes, false);
  const other = judge(lookOf({ issued: {}, ledger: [ledgerOf('a', 8, 2n)] }), null);
  t.match(other.problems, [/never issued/]);
});

t.test('streams of other nodes: what came counts, holes do not', async (t) => {
  const shown = lookOf({ issued: { a: 3 }, ledger: [ledgerOf('a', 3)] });
  const edge = { tenant: 'default', stream: '00000000ed9e/http/0', epoch: 9n };
  const received = [
    [10, 19],
    [40, 44],
  ] as const;
  const withEdge = (ledger: Partial<LedgerStream>): Look => ({
    ...shown,
    spool: {
      ...shown.spool,
      streams: [...shown.spool.streams, { ...edge, lastSeq: 44, received, refused: {}, lost: [] }],
    },
    ledger: [...shown.ledger, { ...ledgerOf(edge.stream, 0), ...edge, ...ledger }],
  });
  const holes = [
    [0, 9],
    [20, 39],
  ] as const;
  const whole = judge(withEdge({ stored: 12, filtered: 3, seqMax: 44, missing: holes }), null);
  t.match(whole, { closes: true, problems: [] });
  t.match(whole.streams[1], { issued: 15, stored: 12, filtered: 3, missing: [] });
  const gaps = [...holes, [42, 43]] as const;
  const gap = judge(withEdge({ stored: 13, seqMax: 44, missing: gaps }), null);
  t.match(gap.problems, [/another node are missing: 42-43/]);
  const behind = judge(withEdge({ stored: 10, seqMax: 19, missing: [[0, 9]] }), null);
  t.match(behind.problems, [/5 numbers that came from another node are missing: 40-44/]);
  // By way of another collector with the same store.
  const more = judge(withEdge({ stored: 100, seqMax: 99, missing: [] }), null);
  t.match(more, { closes: true, problems: [] });
});

t.test('another sink that lags does not excuse this one', async (t) => {
  const shown = lookOf({ issued: { a: 10 }, ledger: [ledgerOf('a', 6)] });
  const [mine] = shown.spool.consumers;
  const pending = [{ ...id('a'), seqFirst: 0, seqLast: 9 }];
  const other = { ...mine, name: 'http', pending } as (typeof shown.spool.consumers)[number];
  const look = {
    ...shown,
    spool: { ...shown.spool, consumers: [...shown.spool.consumers, other] },
  };
  t.match(judge(look, null).problems, [/4 numbers are missing: 6-9/]);
  t.match(judge({ ...look, consumer: 'http', ledger: [] }, null), { closes: true, inFlight: 10 });
});

t.test('a sink that was added later is not asked for what was before', async (t) => {
  const shown = lookOf({
    issued: { a: 10 },
    ledger: [{ ...ledgerOf('a', 4), seqMax: 9, beforeRanges: [[0, 5]] } as LedgerStream],
  });
  t.match(judge(shown, null), { closes: true, streams: [{ issued: 4, stored: 4 }] });
  const short = lookOf({
    issued: { a: 12 },
    ledger: [{ ...ledgerOf('a', 4), seqMax: 9, beforeRanges: [[0, 5]] } as LedgerStream],
  });
  t.match(judge(short, null).problems, [/2 numbers .*missing: 10-11/]);
});
