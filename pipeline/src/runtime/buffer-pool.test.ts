import t from 'tap';
import { BufferPool } from './buffer-pool.js';

t.test('copies are equal, apart from each other, and their memory is used again', (t) => {
  const pool = new BufferPool(64 * 1024);
  for (const length of [0, 1, 4_096, 4_097, 70_000, 3_000_000]) {
    const bytes = new Uint8Array(length).fill(length % 251);
    const first = pool.copyOf(bytes);
    const second = pool.copyOf(bytes);
    t.equal(Buffer.compare(first, bytes), 0, `${length} bytes`);
    t.not(first.buffer, second.buffer);
    pool.give(first.buffer);
    pool.give(second.buffer);
    t.ok(pool.freeBytes <= 64 * 1024, 'within the limit');
  }
  const { buffer } = pool.copyOf(new Uint8Array(10));
  pool.give(buffer);
  t.equal(pool.take(20), buffer, 'the same memory for another batch');
  t.end();
});

t.test('buffers of any size come back, and are never shorter than asked', (t) => {
  const pool = new BufferPool(1024 * 1024);
  const odd = new ArrayBuffer(100_000);
  pool.give(odd);
  t.equal(pool.freeBytes, 100_000);
  t.ok(pool.take(100_000).byteLength >= 100_000);
  t.equal(pool.take(65_536), odd, 'of the class that it fills');
  t.equal(pool.freeBytes, 0);
  pool.give(new ArrayBuffer(0));
  t.equal(pool.freeBytes, 0, 'one that was moved away is nothing');
  t.end();
});
