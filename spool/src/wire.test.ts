// Scenario: bodies of frames as another node, a broken network or an attacker sends them.
// Guarantees: what a spool may hold goes over the wire unchanged; anything else is an error value
// with a sentence, never a throw, and never more memory than the limits say.
import type { SequencedBatch } from '@weir/pipeline';
import { assertBatch, LIMITS } from '@weir/pipeline';
import { testSeed } from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import { encodeFrame, headerSeed, sealFrame } from './frame-codec.js';
import { fingerprintOf, makeBatch } from './test-batches.js';
import {
  decodeWireFrames,
  encodeWireFrame,
  encodeWireHeader,
  WIRE_HEADER_BYTES,
  WIRE_LIMITS,
  wireFrameSpans,
} from './wire.js';

const seed = testSeed(7);
const runsMax = process.env.WEIR_LONG === '1' ? 40_000 : 1_500;
const NODE = '0123456789ab';

/** Behind what the dispositions name. */
const number = fc.integer({ min: 1_000, max: 2 ** 40 });
const event = fc.uint8Array({ maxLength: 120 });
const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
    maxLength: 4,
  })
  .map((steps) => {
    let at = 0;
    return steps.map(([gap, length]) => {
      const first = at + gap;
      at = first + length;
      return [first, at - 1] as const;
    });
  });
const valid: fc.Arbitrary<SequencedBatch> = fc
  .record({
    events: fc.array(event, { maxLength: 12 }),
    tenant: fc.constantFrom('default', 'tenant-1'),
    stream: fc.constantFrom(`${NODE}/syslog_tcp/0`, `${NODE}/http/3`),
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    seqFirst: number,
    receivedAtNs: fc.bigInt({ min: 0n, max: 4n * 10n ** 18n }),
    lost: ranges,
    format: fc.constantFrom('syslog' as const, 'json' as const),
  })
  .map(({ lost, ...shape }) => ({
    ...makeBatch({
      ...shape,
      dispositions: [
        { kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount: 3 },
        {
          kind: 'lost',
          cause: 'spool_corruption',
          seqRanges: lost,
          eventCount: lost.reduce((sum, [first, last]) => sum + last - first + 1, 0),
        },
      ],
    }),
    format: shape.format,
  }));

const bodyOf = (batches: readonly SequencedBatch[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat([encodeWireHeader(), ...batches.map((batch) => encodeWireFrame(batch, 1))]),
  );

const one = (): SequencedBatch =>
  makeBatch({
    stream: `${NODE}/http/0`,
    epoch: 9n,
    seqFirst: 5,
    events: [Buffer.from('a'), Buffer.from('bc')],
  });

t.test('any valid batches go over the wire unchanged', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(valid, { maxLength: 5 }), async (batches) => {
      const found = await decodeWireFrames(bodyOf(batches));
      if ('error' in found) throw new Error(found.error.message);
      for (const batch of found.batches) assertBatch(batch);
      return found.batches.map(fingerprintOf).join() === batches.map(fingerprintOf).join();
    }),
    { seed, numRuns: 300 },
  );
  t.pass(`seed ${seed}`);
});

t.test('changed, cut and prolonged bodies are error values', async (t) => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(valid, { minLength: 1, maxLength: 3 }),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      fc.uint8Array({ maxLength: 9 }),
      async (batches, changes, cutAt, more) => {
        const whole = bodyOf(batches);
        const cut = cutAt % 3 === 0 ? cutAt % (whole.length + 1) : whole.length;
        const bytes = new Uint8Array(Buffer.concat([whole.subarray(0, cut), more]));
        for (const [at, bits] of changes)
          if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ bits;
        const found = await decodeWireFrames(bytes);
        if ('error' in found) {
          refused++;
          return found.error.message.length > 0;
        }
        // Only padding is not covered by a checksum, and a cut may fall between two frames.
        const sent = batches.map(fingerprintOf);
        return found.batches.every((batch, i) => fingerprintOf(batch) === sent[i]);
      },
    ),
    { seed, numRuns: runsMax },
  );
  t.ok(refused > runsMax / 3, `${refused} of ${runsMax} refused, seed ${seed}`);
});

t.test('every bit of one body', async (t) => {
  const original = one();
  const bytes = bodyOf([original]);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const found = await decodeWireFrames(changed);
    if (
      'batches' in found &&
      fingerprintOf(found.batches[0] ?? original) !== fingerprintOf(original)
    )
      t.fail(`bit ${bit} changed what was decoded`);
  }
  for (let length = 0; length < bytes.length; length++) {
    const found = await decodeWireFrames(bytes.subarray(0, length));
    if ('batches' in found && length !== WIRE_HEADER_BYTES) t.fail(`${length} bytes were accepted`);
  }
  t.pass(`${bytes.length * 8} bits and ${bytes.length} lengths`);
});

t.test('random bytes behind a right header', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
      const found = await decodeWireFrames(Buffer.concat([encodeWireHeader(), noise]));
      return 'error' in found || noise.length === 0;
    }),
    { seed, numRuns: runsMax },
  );
  t.pass(`seed ${seed}`);
});

t.test('an unknown version is refused in one sentence', async (t) => {
  const bytes = bodyOf([one()]);
  bytes[8] = 2;
  t.same(await decodeWireFrames(bytes), {
    error: {
      kind: 'version',
      message: 'frames of version 2 are not understood here, only of version 1',
    },
  });
  t.match(await decodeWireFrames(new Uint8Array(0)), { error: { kind: 'malformed' } });
});

t.test('frames of a segment do not pass for frames of the wire', async (t) => {
  const frame = encodeFrame(one(), 1);
  const place = { segmentId: 0, frameNo: 0, previousCrc: 0 };
  sealFrame(frame, { ...place, seed: headerSeed(new Uint8Array(16), 0) });
  const bytes = Buffer.concat([encodeWireHeader(), frame.head, frame.stored, frame.padding]);
  t.match(await decodeWireFrames(bytes), { error: { kind: 'malformed' } });
});

t.test('sizes: bombs, too many frames', async (t) => {
  const events = [new Uint8Array(20 * 1024 * 1024)];
  const bomb = encodeWireFrame(
    makeBatch({ stream: `${NODE}/a/0`, epoch: 1n, seqFirst: 0, events }),
    1,
  );
  t.ok(bomb.length < 8_192, `20 MiB of zeros in ${bomb.length} bytes`);
  const four = Buffer.concat([encodeWireHeader(), bomb, bomb, bomb, bomb]);
  t.match(await decodeWireFrames(four), {
    error: { kind: 'too_large', message: /unpack to more than 67108864 bytes/ },
  });
  const small = { ...WIRE_LIMITS, rawBytesMax: 1024 };
  t.match(await decodeWireFrames(four, small), { error: { kind: 'too_large' } });
  const many = bodyOf([one(), one(), one()]);
  t.match(await decodeWireFrames(many, { ...WIRE_LIMITS, framesMax: 2 }), {
    error: { kind: 'too_large', message: 'the body has more than 2 frames' },
  });
  t.equal(LIMITS.frameRawBytesMax, WIRE_LIMITS.rawBytesMax);
});

t.test('batches that would break the receiver later are refused by what they say', async (t) => {
  const base = one();
  const run = base.runs[0];
  if (run === undefined) throw new Error('a batch has a run');
  const huge = [[10, 2 ** 40 + 10]] as const;
  const cases: readonly (readonly [string, SequencedBatch])[] = [
    ['its tenant is not a name', { ...base, tenant: 'a/b' }],
    ['its tenant is not a name', { ...base, tenant: '' }],
    ['its stream does not begin with the id of a node', { ...base, stream: 'agent-7' }],
    ['its retention class is not a name', { ...base, retentionClass: "x'y" }],
    ['its numbers exceed 2^53', { ...base, seqFirst: Number.MAX_SAFE_INTEGER }],
    ['it was received after the year 2098', { ...base, receivedAtNs: 2n ** 63n }],
    ['a mark names an event that is not there', { ...base, marks: Uint32Array.of(2, 1, 0) }],
    ['its marks are not triples', { ...base, marks: Uint32Array.of(1) }],
    ['a mark has an unknown code', { ...base, marks: Uint32Array.of(0, 256, 0) }],
    [
      'its runs do not cover its events',
      {
        ...base,
        eventCount: 1,
        bytes: base.bytes.slice(0, 1),
        offsets: Uint32Array.of(0, 1),
        runs: [
          { ...run, eventCount: 1 },
          { ...run, eventCount: 0 },
        ],
      },
    ],
    [
      'a part of a request names events that are not there',
      {
        ...base,
        requestParts: [
          {
            key: 'p/1/0',
            bodySha256: new Uint8Array(32),
            eventIndexFirst: 1,
            eventCount: 2,
            itemIndexFirst: 0,
            itemCount: 9,
          },
        ],
      },
    ],
    [
      'its dispositions name too many numbers',
      {
        ...base,
        dispositions: [
          { kind: 'lost', cause: 'spool_corruption', seqRanges: huge, eventCount: 2 ** 40 + 1 },
        ],
      },
    ],
    [
      'a disposition has wrong ranges',
      {
        ...base,
        dispositions: [{ kind: 'filtered', cause: 'filter:a', seqRanges: [[5, 4]], eventCount: 0 }],
      },
    ],
  ];
  for (const [sentence, batch] of cases) {
    const found = await decodeWireFrames(bodyOf([batch]));
    if (sentence.startsWith('its runs')) t.match(found, { error: { message: /run/ } }, sentence);
    else t.match(found, { error: { message: `frame 0 is not valid: ${sentence}` } }, sentence);
  }
});

t.test('the frames of a block', async (t) => {
  const frames = [one(), one()].map((batch) => encodeWireFrame(batch, 1));
  const block = new Uint8Array(Buffer.concat(frames));
  const length = frames[0]?.length ?? 0;
  t.same(wireFrameSpans(block), [
    { start: 0, end: length, rawBytes: 11, eventCount: 2 },
    { start: length, end: length * 2, rawBytes: 11, eventCount: 2 },
  ]);
  t.equal(wireFrameSpans(block.subarray(1)), null);
});
