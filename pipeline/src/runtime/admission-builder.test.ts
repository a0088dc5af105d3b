// Scenario: events of random lengths, taken from announced chunks, from chunks that nobody
// announced and from buffers that are used again, in batches of random sizes.
// Guarantees: a batch holds exactly the bytes of its events; memory that a batch took with it is
// not touched again; a small batch holds no large memory.
import fc from 'fast-check';
import t from 'tap';
import { testSeed } from '../testing/sim-random.js';
import { BatchBuilder, type BuiltEvents } from './admission-builder.js';
import { BufferPool } from './buffer-pool.js';

const SEED = testSeed(2_718);
const RUNS = process.env.WEIR_LONG === '1' ? 5_000 : 300;
const BYTES_MAX = 40_000;

const textsOf = ({ bytes, offsets, eventCount }: BuiltEvents): string[] =>
  Array.from({ length: eventCount }, (_, i) =>
    Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString('latin1'),
  );

const event = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 15_000, max: 18_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 39_000, max: 45_000 }) },
);
const chunk = fc.record({ lengths: fc.array(event, { maxLength: 80 }), isAnnounced: fc.boolean() });

t.test('random chunks', async () => {
  // One buffer for all chunks: what stands in the window must not outlive its chunk.
  const memory = Buffer.alloc(4_000_000);
  const play = (chunks: readonly { lengths: number[]; isAnnounced: boolean }[]): void => {
    const builder = new BatchBuilder(BYTES_MAX, 50, new BufferPool(1024 * 1024));
    const expected: string[] = [];
    const taken: BuiltEvents[] = [];
    let open = 0;
    const take = (): void => {
      taken.push(builder.take());
      open = 0;
    };
    for (const [index, { lengths, isAnnounced }] of chunks.entries()) {
      if (isAnnounced) builder.beginChunk(memory);
      let at = 0;
      for (const length of lengths) {
        memory.fill(33 + ((index * 7 + at) % 90), at, at + length);
        at += length + 1;
      }
      at = 0;
      for (const length of lengths) {
        if (!builder.fits(length)) take();
        builder.append(memory, at, at + length, 'a', 0, length, null);
        expected.push(memory.toString('latin1', at, at + length));
        at += length + 1;
        open++;
        if (builder.isFull) take();
      }
      if (isAnnounced) builder.endChunk();
    }
    if (open > 0) take();
    t.same(taken.flatMap(textsOf), expected);
    for (const { bytes } of taken) {
      t.equal(bytes.byteOffset, 0);
      t.ok(
        bytes.buffer.byteLength <= Math.max(8_192, bytes.length * 4),
        'no more memory than it needs',
      );
    }
  };
  t.comment(`WEIR_SEED=${SEED}`);
  fc.assert(fc.property(fc.array(chunk, { maxLength: 12 }), play), { seed: SEED, numRuns: RUNS });
});
