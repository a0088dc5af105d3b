import t from 'tap';
import { CopyPool } from './copy-pool.js';

t.test('copies are equal, apart from each other, and their memory is used again', (t) => {
  const pool = new CopyPool(64 * 1024);
  for (const length of [0, 1, 4_096, 4_097, 70_000, 3_000_000]) {
    const bytes = new Uint8Array(length).fill(length % 251);
    const first = pool.copyOf(bytes);
    const second = pool.copyOf(bytes);
    t.equal(Buffer.compare(first.subarray(0, length), bytes), 0, `${length} bytes`);
    t.not(first.buffer, second.buffer);
    pool.giveBack(first);
    pool.giveBack(second);
    t.ok(pool.freeBytes <= 64 * 1024, 'within the limit');
  }
  const copy = pool.copyOf(new Uint8Array(10));
  pool.giveBack(copy);
  t.equal(pool.copyOf(new Uint8Array(20)), copy, 'the same memory for another batch');
  t.end();
});
