// Scenario: blocks of several sizes are made, given back and made again.
// Guarantees: what is given back is used again where it fits; limits hold; views have their length.
import t from 'tap';
import { OutputMemory, SpareBuffers } from './output-memory.js';

t.test('a spare that fits is used once', async (t) => {
  const memory = new OutputMemory();
  const first = memory.take(100_000);
  t.equal(first.length, 100_000);
  t.equal(first.buffer.byteLength, 131_072, 'rounded up');
  memory.offer(first.buffer);
  const second = memory.take(120_000);
  t.equal(second.buffer, first.buffer);
  t.equal(second.length, 120_000);
  t.not(memory.take(10).buffer, first.buffer);
});

t.test('a spare that is too small waits for a smaller block', async (t) => {
  const memory = new OutputMemory();
  const spare = new ArrayBuffer(64 * 1024);
  memory.offer(spare);
  t.not(memory.take(70_000).buffer, spare);
  memory.offer(null);
  t.equal(memory.take(1).buffer, spare);
});

t.test('spare buffers stay within their limit', async (t) => {
  const spares = new SpareBuffers(100);
  t.equal(spares.take(), null);
  spares.give(new ArrayBuffer(60));
  spares.give(new ArrayBuffer(60));
  spares.give(new ArrayBuffer(0));
  t.equal(spares.byteCount, 60);
  t.equal(spares.take()?.byteLength, 60);
  t.equal(spares.take(), null);
  t.equal(spares.byteCount, 0);
});
