// Scenario: batches that one or two consumers take, and more than the cache holds.
// Guarantees: each taker owns its bytes; memory of what nobody takes goes back to the pool, and
// memory that a taker has does not.
import { BufferPool } from '@weir/pipeline';
import t from 'tap';
import { FrameCache } from './cache.js';
import { textBatch } from './test-batches.js';

const at = (frameNo: number) => ({ segmentId: 1, frameNo });

t.test('the last taker gets the batch, others a copy', (t) => {
  const memory = new BufferPool(1024 * 1024);
  const cache = new FrameCache(1024 * 1024, 2, memory);
  const batch = textBatch('a', 1n, 0, 3);
  const text = Buffer.from(batch.bytes).toString();
  cache.put(at(0), batch, 100);
  const first = cache.take(at(0))?.batch;
  const second = cache.take(at(0))?.batch;
  t.not(first?.bytes.buffer, batch.bytes.buffer);
  t.equal(second, batch);
  first?.bytes.fill(0);
  t.equal(Buffer.from(second?.bytes ?? []).toString(), text);
  t.equal(cache.take(at(0)), null);
  t.equal(cache.costBytes, 0);
  t.equal(memory.freeBytes, 0, 'both are in use');
  t.end();
});

t.test('what the cache has no room for goes back to the pool', (t) => {
  const memory = new BufferPool(1024 * 1024);
  const cache = new FrameCache(20_000, 1, memory);
  const batches = [0, 1, 2].map((frameNo) => {
    const batch = textBatch('a', 1n, frameNo, 1);
    return { ...batch, bytes: new Uint8Array(memory.take(8_192), 0, batch.bytes.length) };
  });
  for (const [frameNo, batch] of batches.entries()) cache.put(at(frameNo), batch, 0);
  t.equal(cache.take(at(0)), null, 'the oldest went');
  t.equal(memory.freeBytes, 8_192);
  t.equal(memory.take(8_000), batches[0]?.bytes.buffer);
  t.equal(cache.take(at(2))?.batch, batches[2]);
  t.equal(memory.freeBytes, 0);
  const none = new FrameCache(20_000, 0, memory);
  none.put(at(0), batches[2] as (typeof batches)[0], 0);
  t.equal(memory.freeBytes, 8_192, 'without a consumer nobody will take it');
  t.end();
});
