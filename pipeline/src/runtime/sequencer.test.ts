// Scenario: batches of many streams and sources, also empty ones and more sources than are counted
// apart. Guarantees: numbers are dense from 0 per (tenant, stream) and per (stream, source); the
// rest of the sources share `other`; a fresh sequencer has another epoch and begins again.
import fc from 'fast-check';
import t from 'tap';
import { allocateBytes, assertBatch, type RawBatch, type SourceRun } from '../batch.js';
import { testSeed } from '../testing/sim-random.js';
import { createSequencer, OTHER_SOURCE, streamKey } from './sequencer.js';

function batchOf(tenant: string, stream: string, runs: readonly [string, number][]): RawBatch {
  const eventCount = runs.reduce((sum, [, count]) => sum + count, 0);
  return {
    tenant,
    stream,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 0n,
    eventCount,
    bytes: allocateBytes(0),
    offsets: new Uint32Array(eventCount + 1),
    marks: new Uint32Array(0),
    runs: runs.map(([source, count]) => ({
      eventCount: count,
      source,
      sourceSeqFirst: 0,
      context: '',
    })),
    requestParts: [],
    dispositions: [],
  };
}

t.test('numbers are dense per stream and per source', (t) => {
  const seed = testSeed(20_260_101);
  t.comment(`WEIR_SEED=${seed}`);
  const runs = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd', 'e', OTHER_SOURCE),
      fc.integer({ min: 1, max: 9 }),
    ),
    { maxLength: 8 },
  );
  const batches = fc.array(
    fc.tuple(fc.constantFrom('t1', 't2'), fc.constantFrom('s1', 's2'), runs),
  );
  const sourcesMax = 3;
  fc.assert(
    fc.property(batches, (plan) => {
      const sequencer = createSequencer({ epoch: 7n, sourcesPerStreamMax: sourcesMax });
      const next = new Map<string, number>();
      const apart = new Map<string, Set<string>>();
      const take = (key: string, count: number): number => {
        const first = next.get(key) ?? 0;
        next.set(key, first + count);
        return first;
      };
      for (const [tenant, stream, plannedRuns] of plan) {
        const raw = batchOf(tenant, stream, plannedRuns);
        const numbered = sequencer.assign(raw);
        const key = streamKey(tenant, stream);
        assertBatch(numbered);
        const known = apart.get(key) ?? new Set<string>();
        apart.set(key, known);
        const expected: SourceRun[] = [];
        for (const run of raw.runs) {
          const counted =
            run.source !== OTHER_SOURCE && (known.has(run.source) || known.size < sourcesMax);
          if (counted) known.add(run.source);
          const source = counted ? run.source : OTHER_SOURCE;
          const first = take(`${key} ${source}`, run.eventCount);
          const last = expected[expected.length - 1];
          if (last?.source === source)
            expected[expected.length - 1] = {
              ...last,
              eventCount: last.eventCount + run.eventCount,
            };
          else expected.push({ ...run, source, sourceSeqFirst: first });
        }
        const isRight =
          numbered.seqFirst === take(key, raw.eventCount) &&
          numbered.epoch === 7n &&
          JSON.stringify(numbered.runs) === JSON.stringify(expected) &&
          sequencer.issued().get(key) === (next.get(key) ?? 0) - 1;
        if (!isRight) return false;
      }
      return true;
    }),
    { seed, numRuns: process.env.WEIR_LONG === '1' ? 20_000 : 1_000 },
  );
  t.end();
});

t.test('a tenant or another sequencer starts at 0; the epoch tells them apart', (t) => {
  const first = createSequencer({ epoch: 1n });
  t.equal(first.assign(batchOf('t1', 's', [['a', 5]])).seqFirst, 0);
  t.equal(first.assign(batchOf('t2', 's', [['a', 5]])).seqFirst, 0);
  t.equal(first.assign(batchOf('t1', 's', [])).seqFirst, 5, 'an empty batch uses no number up');
  t.equal(first.assign(batchOf('t1', 's', [['a', 1]])).seqFirst, 5);
  const second = createSequencer({ epoch: 2n });
  const batch = second.assign(batchOf('t1', 's', [['a', 1]]));
  t.same([batch.epoch, batch.seqFirst, batch.runs[0]?.sourceSeqFirst], [2n, 0, 0]);
  t.throws(() => first.assign(batchOf('t/1', 's', [])), /a tenant has no slash/);
  t.end();
});
