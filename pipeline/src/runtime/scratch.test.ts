// Guarantees: one batch with much derived text does not keep its memory for ever; batches that need
// it again and again do not pay for it each time; text is right before and after.
import t from 'tap';
import { Scratch } from './scratch.js';

const MiB = 1024 * 1024;

function batch(scratch: Scratch, byteCount: number, base: number): string {
  scratch.begin(base);
  const { start, end } = scratch.text('first');
  scratch.copy(new Uint8Array(byteCount), 0, byteCount);
  return scratch.textAt(start, end);
}

t.test('memory of a rare large batch is given up', async (t) => {
  const scratch = new Scratch();
  t.equal(batch(scratch, 40 * MiB, 1_000), 'first');
  t.ok(scratch.capacity > 40 * MiB);
  for (let i = 0; i < 20; i++) t.equal(batch(scratch, 100, i), 'first');
  t.ok(scratch.capacity < MiB, `${scratch.capacity}`);
  t.equal(scratch.view().length, 105);
});

t.test('memory that is needed now and then stays', async (t) => {
  const scratch = new Scratch();
  batch(scratch, 20 * MiB, 0);
  const { capacity } = scratch;
  for (let i = 0; i < 12; i++) batch(scratch, i % 4 === 0 ? 20 * MiB : 100, 0);
  t.equal(scratch.capacity, capacity);
});

t.test('up to 16 MiB stay', async (t) => {
  const scratch = new Scratch();
  batch(scratch, 15 * MiB, 0);
  for (let i = 0; i < 100; i++) batch(scratch, 1, 0);
  t.equal(scratch.capacity, 16 * MiB);
});
