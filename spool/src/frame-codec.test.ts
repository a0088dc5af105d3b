// Guarantees: any batch round-trips; a frame in which any byte was changed is refused or yields
// equal data; sizes are checked before memory is taken.
import type { Disposition, SequencedBatch } from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';
import { testSeed } from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import type { EncodedFrame } from './frame-codec.js';
import {
  decodeFrame,
  decodeFrameHeader,
  encodeFrame,
  headerSeed,
  sealFrame,
} from './frame-codec.js';
import { FRAME_HEADER_BYTES } from './layout.js';
import { fingerprintOf, makeBatch, textBatch } from './test-batches.js';
import { zstdCompress, zstdDecompress } from './zstd.js';

const seed = testSeed(1);
const uuid = new Uint8Array(16).fill(9);
const place = { segmentId: 3, frameNo: 5, previousCrc: 77, seed: headerSeed(uuid, 3) };

function bytesOf(frame: EncodedFrame): Uint8Array {
  sealFrame(frame, place);
  return new Uint8Array(Buffer.concat([frame.head, frame.stored, frame.padding]));
}
function decode(bytes: Uint8Array): SequencedBatch | null {
  const header = decodeFrameHeader(bytes.subarray(0, FRAME_HEADER_BYTES), 3, place.seed);
  return header === null ? null : decodeFrame(header, bytes);
}

const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const small = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const disposition: fc.Arbitrary<Disposition> = fc.record({
  kind: fc.constantFrom('filtered', 'lost', 'refused'),
  cause: fc.constantFrom('spool_corruption', 'queue_full', 'filter:noise'),
  seqRanges: fc.array(fc.tuple(count, count), { maxLength: 5 }),
  eventCount: count,
});
const requestPart = fc.record({
  key: text,
  bodySha256: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  eventIndexFirst: small,
  eventCount: small,
  itemIndexFirst: small,
  itemCount: small,
});
const batch: fc.Arbitrary<SequencedBatch> = fc
  .record({
    events: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }),
    tenant: text,
    stream: text,
    retentionClass: text,
    format: fc.constantFrom('syslog' as const, 'json' as const),
    receivedAtNs: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    seqFirst: count,
    marks: fc.array(small, { maxLength: 9 }),
    runs: fc.array(fc.record({ source: text, sourceSeqFirst: count, context: text }), {
      minLength: 1,
      maxLength: 5,
    }),
    requestParts: fc.array(requestPart, { maxLength: 3 }),
    dispositions: fc.array(disposition, { maxLength: 3 }),
  })
  .map(({ events, runs, marks, ...rest }) => ({
    ...makeBatch({ ...rest, events }),
    ...rest,
    marks: new Uint32Array(marks),
    runs: runs.map((run, i) => ({ ...run, eventCount: i === 0 ? events.length : 0 })),
  }));

t.test('any batch round-trips', async (t) => {
  fc.assert(
    fc.property(batch, (original) => {
      const found = decode(bytesOf(encodeFrame(original, 1)));
      return found !== null && fingerprintOf(found) === fingerprintOf(original);
    }),
    { seed, numRuns: 500 },
  );
  t.pass(`seed ${seed}`);
});

t.test('a changed byte is detected or changes nothing', async (t) => {
  fc.assert(
    fc.property(batch, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, at, change) => {
      const bytes = bytesOf(encodeFrame(original, 1));
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ change;
      const found = decode(bytes);
      return found === null || fingerprintOf(found) === fingerprintOf(original);
    }),
    { seed, numRuns: 2000 },
  );
  const original = textBatch('a', 1n, 0, 5);
  const bytes = bytesOf(encodeFrame(original, 1));
  let refused = 0;
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] = (changed[i] ?? 0) ^ 0x10;
    if (decode(changed) === null) refused++;
  }
  t.ok(refused >= bytes.length - 7, `${refused} of ${bytes.length} refused; the rest is padding`);
});

t.test('a frame of another segment, store or length is refused', async (t) => {
  const bytes = bytesOf(encodeFrame(textBatch('a', 1n, 0, 1), 1));
  t.equal(decodeFrameHeader(bytes, 4, headerSeed(uuid, 4)), null);
  t.equal(decodeFrameHeader(bytes, 3, headerSeed(new Uint8Array(16), 3)), null);
  t.equal(decode(bytes.subarray(0, bytes.length - 20)), null);
});

t.test('sizes over the limits are refused with the number and the limit', async (t) => {
  const events = [new Uint8Array(LIMITS.frameStoredBytesMax + 1)];
  const view = new DataView(events[0]?.buffer ?? new ArrayBuffer(0));
  for (let i = 0, state = 1; i + 4 < view.byteLength; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    view.setUint32(i, state ^ (state >>> 13));
  }
  t.throws(() => encodeFrame(makeBatch({ epoch: 1n, seqFirst: 0, events }), 1), {
    code: 'WEIR_SPOOL_IO',
    message: /payload too large: \d+ bytes, limit is 8388608/,
  });
  const runs = [{ eventCount: 1, source: 's', sourceSeqFirst: 0, context: 'x'.repeat(2_000_000) }];
  const wide = { ...makeBatch({ epoch: 1n, seqFirst: 0, events: [new Uint8Array(1)] }), runs };
  t.throws(() => encodeFrame(wide, 1), { code: 'WEIR_SPOOL_IO', message: /metadata too large/ });
});

t.test('a zstd frame never writes more than its header said', async (t) => {
  const raw = new Uint8Array(1_000_000);
  const stored = zstdCompress(raw, 1);
  t.ok(zstdDecompress(stored, new Uint8Array(1_000_000)));
  t.notOk(zstdDecompress(stored, new Uint8Array(999_999)));
  t.notOk(zstdDecompress(stored, new Uint8Array(1_000_001)));
  t.notOk(zstdDecompress(new Uint8Array([1, 2, 3]), new Uint8Array(3)));
  // A frame of 9 bytes that asks for a window of 128 MiB and states no size.
  const bomb = new Uint8Array(Buffer.from('28b52ffd0088010000', 'hex'));
  t.notOk(zstdDecompress(bomb, new Uint8Array(10)));
});
