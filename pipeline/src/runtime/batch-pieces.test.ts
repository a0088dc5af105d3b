// Scenario: a batch with marks, runs and request parts is cut at random places.
// Guarantees: every event keeps its number, bytes, marks, source and place in its request; the
// pieces own their memory.
import t from 'tap';
import { assertBatch, type SequencedBatch } from '../batch.js';
import { nodeClock } from '../node/index.js';
import { chaosBatch } from '../testing/chaos-rig.js';
import { SimRandom } from '../testing/sim-random.js';
import { sliceBatch } from './batch-pieces.js';

const seed = Number(process.env.WEIR_SEED ?? nodeClock.nowNs() % 2n ** 31n);

/** All that is known of each event, as text. */
function eventsOf(batch: SequencedBatch): string[] {
  const events: string[] = [];
  let row = 0;
  for (const run of batch.runs)
    for (let i = 0; i < run.eventCount; i++, row++) {
      const { source, context, sourceSeqFirst } = run;
      const bytes = batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]);
      const marks: number[] = [];
      for (let at = 0; at < batch.marks.length; at += 3)
        if (batch.marks[at] === row) marks.push(...batch.marks.subarray(at + 1, at + 3));
      const items = batch.requestParts
        .filter(
          ({ eventIndexFirst: first, eventCount }) => row >= first && row < first + eventCount,
        )
        .map((part) => `${part.key}#${part.itemIndexFirst + row - part.eventIndexFirst}`);
      events.push(
        [batch.seqFirst + row, [...bytes], marks, source, context, sourceSeqFirst + i, items].join(
          ' ',
        ),
      );
    }
  return events;
}

t.test('pieces hold what the whole held', (t) => {
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const upTo = (count: number): number => random.u32() % count;
  for (let round = 0; round < 300; round++) {
    const count = 1 + upTo(30);
    const texts = Array.from({ length: count }, () => 'abcdefgh'.slice(upTo(8)));
    const marks = texts.flatMap((_, row) => (upTo(3) === 0 ? [row, 1 + upTo(5), upTo(99)] : []));
    const runs = [];
    for (let left = count; left > 0; ) {
      const eventCount = 1 + upTo(left);
      const source = `192.0.2.${upTo(4)}`;
      runs.push({ eventCount, source, sourceSeqFirst: upTo(100), context: `${upTo(2)}` });
      left -= eventCount;
    }
    const eventIndexFirst = upTo(count);
    const part = {
      key: 'producer/1/0',
      bodySha256: new Uint8Array(32),
      eventIndexFirst,
      eventCount: upTo(count - eventIndexFirst + 1),
      itemIndexFirst: upTo(50),
      itemCount: 200,
    };
    const refused = {
      kind: 'refused',
      cause: 'empty_line',
      seqRanges: [],
      eventCount: 1,
    } as const;
    const whole = chaosBatch(texts, {
      marks: Uint32Array.from(marks),
      runs,
      requestParts: [part],
      dispositions: [refused],
      seqFirst: upTo(1_000),
    });
    const pieces: SequencedBatch[] = [];
    for (let first = 0; first < count; ) {
      const end = first + 1 + upTo(count - first);
      const piece = sliceBatch(whole, first, end);
      assertBatch(piece);
      t.equal(piece.bytes.buffer.byteLength, piece.bytes.length, 'owns its memory');
      pieces.push(piece);
      first = end;
    }
    t.same(pieces.flatMap(eventsOf), eventsOf(whole), `round ${round} of seed ${seed}`);
    t.same(
      pieces.flatMap((piece) => piece.dispositions),
      [refused],
      'dispositions once',
    );
  }
  t.end();
});
