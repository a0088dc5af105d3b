// Scenario: batches with rows that this node filtered, and with rows that came hollow because
//   another node filtered them or lost them; the encoder names both.
// Guarantees: the ledger and the dispositions have each number once, under the kind and cause that
//   it came with.
import type { Disposition, EncodedBatch } from '@weir/pipeline';
import t from 'tap';
import type { GroupEntry } from './group.js';
import { dispositionsOf, Outcome } from './outcome.js';

const filtered = (
  cause: Disposition['cause'],
  seqRanges: readonly (readonly [number, number])[],
  kind: 'filtered' | 'lost' = 'filtered',
): Disposition => ({
  kind,
  cause,
  seqRanges,
  eventCount: seqRanges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
});

function entryOf(
  eventCount: number,
  inFrame: readonly Disposition[],
  encoded: Pick<EncodedBatch, 'filtered'> & { readonly quarantined?: readonly number[] },
): GroupEntry {
  return {
    head: {
      position: { segmentId: 1, frameNo: 1 },
      tenant: 'default',
      stream: 'node/edge/0',
      epoch: 7n,
      seqFirst: 100,
      eventCount,
      byteCount: 0,
      ingestUs: 0,
      retentionClass: 'default',
      dispositions: inFrame,
    },
    encoded: {
      events: null,
      quarantine: null,
      quarantinedSeqs: Float64Array.from(encoded.quarantined ?? []),
      quarantinedByReason: {},
      filtered: encoded.filtered,
    },
  };
}

function seqsByKind(entry: GroupEntry): Record<string, number[]> {
  const outcome = new Outcome();
  outcome.addBatch(entry, null);
  const byKind: Record<string, number[]> = {};
  for (const { kind, seqs } of outcome.ranges)
    for (let i = 0; i < seqs.length; i += 2)
      for (let seq = seqs[i] as number; seq <= (seqs[i + 1] as number); seq++)
        byKind[kind] = [...(byKind[kind] ?? []), seq];
  return byKind;
}

t.test('hollow rows count once', async (t) => {
  const there = filtered('filter:noise', [[101, 102]]);
  const lost = filtered(
    'spool_corruption',
    [
      [90, 91],
      [104, 104],
    ],
    'lost',
  );
  const entry = entryOf(6, [there, lost], {
    filtered: [
      there,
      filtered('spool_corruption', [[104, 104]], 'lost'),
      filtered('filter:here', [[105, 105]]),
    ],
    quarantined: [103],
  });
  t.strictSame(seqsByKind(entry), {
    stored: [100],
    quarantined: [103],
    filtered: [105, 101, 102],
    lost: [90, 91, 104],
  });
  t.strictSame(dispositionsOf(entry), [there, lost, filtered('filter:here', [[105, 105]])]);
});

t.test('one cause for rows of both nodes', async (t) => {
  const entry = entryOf(4, [filtered('filter:noise', [[101, 101]])], {
    filtered: [filtered('filter:noise', [[100, 102]])],
  });
  t.strictSame(seqsByKind(entry), { stored: [103], filtered: [100, 102, 101] });
  t.strictSame(dispositionsOf(entry), [
    filtered('filter:noise', [[101, 101]]),
    filtered('filter:noise', [
      [100, 100],
      [102, 102],
    ]),
  ]);
});

t.test('without hollow rows nothing changes', async (t) => {
  const elsewhere = filtered('spool_write_failed', [[50, 59]], 'lost');
  const here = filtered('filter:here', [[100, 100]]);
  const entry = entryOf(2, [elsewhere], { filtered: [here] });
  t.strictSame(dispositionsOf(entry), [elsewhere, here]);
  const byKind = seqsByKind(entry);
  t.strictSame([byKind.stored, byKind.filtered, byKind.lost?.length], [[101], [100], 10]);
});
