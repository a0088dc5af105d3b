// Scenario: what spool and ledger may show at one moment, right and wrong.
// Guarantees: nothing that is missing passes for in flight because something else is; events that
// flow raise no alarm; events that nobody delivers do.
import type { LedgerStream } from '@weir/sinks/clickhouse';
import t from 'tap';
import { judge, type Look } from './verify.js';

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
    nodeId: null,
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
