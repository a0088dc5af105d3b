// Scenario: other nodes forward frames to an HTTP listener, with repeats, cuts, restarts, wrong
// tenants, loops, clones and a full spool.
// Guarantees: 200 only after the durability of all frames; each number is stored once, under its
// own identity; any refusal admits nothing and says why; the listener's own senders go on.
import { allocateBytes, type SequencedBatch } from '@weir/pipeline';
import { SimClock, SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import { encodeWireFrame, encodeWireHeader, openSpool } from '@weir/spool';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { sourceRig, until } from '../test-rig.js';
import type { FrameLimits } from './frames.js';
import { ForwardedIndex } from './frames-index.js';
import { serve } from './test-serve.js';

const EDGE = '00000000ed9e';
const OWN = '0000000ce47e';
const FRAMES = { 'content-type': 'application/vnd.weir.frames' };

interface Shape {
  readonly tenant?: string;
  readonly stream?: string;
  readonly epoch?: bigint;
  readonly seqFirst: number;
  readonly count: number;
  readonly receivedAtNs?: bigint;
  readonly dispositions?: SequencedBatch['dispositions'];
  readonly retentionClass?: string;
}

function batchOf(shape: Shape): SequencedBatch {
  const { seqFirst, count } = shape;
  const texts = Array.from({ length: count }, (_, i) => `event ${seqFirst + i}`);
  const bytes = allocateBytes(texts.join('').length);
  bytes.set(Buffer.from(texts.join('')));
  const offsets = new Uint32Array(count + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = (offsets[i] ?? 0) + text.length;
  const run = { eventCount: count, source: '192.0.2.9', sourceSeqFirst: seqFirst, context: '' };
  return {
    tenant: shape.tenant ?? 'default',
    stream: shape.stream ?? `${EDGE}/syslog_tcp/0`,
    retentionClass: shape.retentionClass ?? 'default',
    format: 'syslog',
    receivedAtNs: shape.receivedAtNs ?? 1_767_225_600_000_000_000n + BigInt(seqFirst),
    eventCount: count,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: count === 0 ? [] : [run],
    requestParts: [],
    dispositions: shape.dispositions ?? [],
    epoch: shape.epoch ?? 11n,
    seqFirst,
  };
}

const bodyOf = (...shapes: Shape[]): Buffer =>
  Buffer.concat([encodeWireHeader(), ...shapes.map((shape) => encodeWireFrame(batchOf(shape), 1))]);

async function centre(
  t: Test,
  options: { tenants?: string[]; limits?: Partial<FrameLimits>; index?: ForwardedIndex } = {},
) {
  const { buffer } = sourceRig('json');
  const index = options.index ?? new ForwardedIndex([]);
  const forwarding = {
    buffer,
    index,
    nodeId: OWN,
    tenants: options.tenants ?? ['default'],
    limits: options.limits ?? {},
  };
  const served = await serve(t, { forwarding });
  const send = (...shapes: Shape[]) => served.post(bodyOf(...shapes), FRAMES);
  const seqs = () => buffer.events().map(({ seq }) => seq);
  return { ...served, frames: buffer, send, seqs };
}

t.test('frames keep their identity', async (t) => {
  const { send, frames, counter } = await centre(t);
  const shape = { seqFirst: 70, count: 3, stream: `${EDGE}/http/2`, epoch: 99n };
  t.match(await send(shape), { status: 200, body: { accepted: 3, duplicates: 0, frames: 1 } });
  const [batch] = frames.batches;
  t.match(batch, {
    stream: shape.stream,
    epoch: 99n,
    seqFirst: 70,
    receivedAtNs: 1_767_225_600_000_000_070n,
  });
  t.same(
    frames.events().map(({ seq, source, sourceSeq, text }) => [seq, source, sourceSeq, text]),
    [70, 71, 72].map((seq) => [seq, '192.0.2.9', seq, `event ${seq}`]),
  );
  t.equal(await counter('component_received_events_total'), 3);
});

t.test('200 only after everything is durable', async (t) => {
  const { send, frames } = await centre(t);
  frames.isHeld = true;
  let isAnswered = false;
  const sent = send({ seqFirst: 0, count: 2 }, { seqFirst: 2, count: 2 }).then((reply) => {
    isAnswered = true;
    return reply;
  });
  await until(() => frames.waitingCount === 2);
  frames.release(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(isAnswered, false, 'one of two is not all');
  frames.release();
  t.match(await sent, { status: 200, body: { accepted: 4 } });
});

t.test(
  'a repeat is a duplicate, also while the first is under way, also in one body',
  async (t) => {
    const { send, frames, seqs } = await centre(t);
    frames.isHeld = true;
    const shapes = [
      { seqFirst: 0, count: 2 },
      { seqFirst: 2, count: 3 },
    ];
    const first = send(...shapes);
    await until(() => frames.waitingCount === 2);
    const second = send(...shapes);
    await new Promise((resolve) => setTimeout(resolve, 30));
    t.equal(frames.waitingCount, 2, 'not appended again');
    frames.isHeld = false;
    frames.release();
    t.match(await first, { status: 200, body: { accepted: 5, duplicates: 0 } });
    t.match(await second, { status: 200, body: { accepted: 0, duplicates: 5 } });
    const mixed = await send(...shapes, { seqFirst: 5, count: 1 }, { seqFirst: 5, count: 1 });
    t.match(mixed, { status: 200, body: { accepted: 1, duplicates: 6, frames: 4 } });
    t.same(seqs(), [0, 1, 2, 3, 4, 5]);
  },
);

t.test('what could not be made durable comes again, and only that', async (t) => {
  const { send, frames, seqs } = await centre(t);
  frames.isHeld = true;
  const shapes = [
    { seqFirst: 0, count: 2 },
    { seqFirst: 2, count: 2 },
  ];
  const first = send(...shapes);
  await until(() => frames.waitingCount === 2);
  frames.release(1);
  frames.fail(new Error('disk on fire'));
  const reply = await first;
  t.match(reply, { status: 503, body: { error: /could not be made durable: disk on fire/ } });
  t.equal(reply.headers['retry-after'], '1');
  frames.isHeld = false;
  t.match(await send(...shapes), { status: 200, body: { accepted: 2, duplicates: 2 } });
  t.same(seqs(), [0, 1, 2, 3]);
});

t.test('frames without events: once, and never for ever in a ring of nodes', async (t) => {
  const { send, frames } = await centre(t);
  const refused = {
    kind: 'refused' as const,
    cause: 'queue_full' as const,
    seqRanges: [],
    eventCount: 9,
  };
  const shape = { seqFirst: 4, count: 0, dispositions: [refused] };
  t.match(await send(shape), { status: 200, body: { accepted: 0 } });
  t.match(await send(shape), { status: 200, body: { accepted: 0 } });
  t.equal(frames.batches.length, 1);
  t.same(frames.batches[0]?.dispositions, [refused]);
  await send({ ...shape, receivedAtNs: 5n });
  t.equal(frames.batches.length, 2, 'a later one at the same place is another');
});

t.test('refusals admit nothing and say why', async (t) => {
  const { send, post, frames, counter } = await centre(t, { tenants: ['default', 'branch'] });
  t.match(await send({ seqFirst: 0, count: 1, tenant: 'branch' }), { status: 200 });
  const good = { seqFirst: 50, count: 5 };
  const cases: readonly (readonly [number, RegExp, Shape])[] = [
    [403, /tenant other are not allowed on this listener/, { ...good, tenant: 'other' }],
    [409, /forwards to itself/, { ...good, stream: `${OWN}/http/0` }],
    [400, /frame 1 is not valid: its stream/, { ...good, stream: 'agent' }],
  ];
  for (const [status, error, bad] of cases)
    t.match(await send(good, bad), { status, body: { error } }, String(error));
  const whole = bodyOf(good);
  const version = Buffer.from(whole);
  version[8] = 9;
  t.match(await post(version, FRAMES), { status: 415, body: { error: /version 9/ } });
  t.match(await post(whole.subarray(0, whole.length - 9), FRAMES), { status: 400 });
  t.match(await post('{"a":1}\n', FRAMES), { status: 400, body: { error: /header of frames/ } });
  t.match(await post('', FRAMES), { status: 400 });
  t.match(await post(whole, { ...FRAMES, 'content-encoding': 'gzip' }), { status: 415 });
  t.equal(frames.batches.length, 1, 'nothing was admitted');
  t.equal(await counter('component_errors_total', 'frames_loop'), 1);
  t.match(await send(good), { status: 200, body: { accepted: 5 } });
});

t.test('overlaps, clones, and limits of what is remembered', async (t) => {
  const limits = {
    forwardedStreamsMax: 2,
    forwardedHolesPerStreamMax: 3,
    forwardedRetentionClassesMax: 2,
  };
  const { send, seqs } = await centre(t, { index: new ForwardedIndex([], limits) });
  await send({ seqFirst: 10, count: 10 });
  t.match(await send({ seqFirst: 15, count: 10 }), {
    status: 409,
    body: { reason: 'overlap', error: /numbers 15 to 24: some .* two nodes may use one id/ },
  });
  t.match(await send({ seqFirst: 12, count: 4 }), { status: 200, body: { duplicates: 4 } });
  t.match(await send({ seqFirst: 10, count: 10, receivedAtNs: 77n }), {
    status: 409,
    body: { reason: 'conflict', error: /taken with other contents/ },
  });
  await send({ seqFirst: 30, count: 1 }, { seqFirst: 40, count: 1 });
  t.match(await send({ seqFirst: 60, count: 1 }), { status: 422, body: { reason: 'holes' } });
  t.match(await send({ seqFirst: 31, count: 9 }), { status: 200 }, 'filling a hole is no new one');
  t.match(await send({ seqFirst: 0, count: 1, epoch: 2n }), { status: 200 });
  t.match(await send({ seqFirst: 0, count: 1, epoch: 3n }), { status: 503 });
  t.match(await send({ seqFirst: 1, count: 1, epoch: 2n, retentionClass: 'b' }), { status: 200 });
  t.match(await send({ seqFirst: 2, count: 1, epoch: 2n, retentionClass: 'c' }), {
    status: 422,
    body: { reason: 'classes' },
  });
  t.equal(new Set(seqs()).size, seqs().length, 'nothing twice');
});

t.test('a full spool, and too much at once', async (t) => {
  const { send, post, frames } = await centre(t, { limits: { forwardedPendingBytesMax: 300 } });
  frames.isFull = true;
  const full = await send({ seqFirst: 0, count: 1 });
  t.match(full, { status: 503, body: { error: 'the spool is full' } });
  t.equal(full.headers['retry-after'], '1');
  frames.isFull = false;
  frames.isHeld = true;
  const held = send({ seqFirst: 0, count: 20 });
  await until(() => frames.waitingCount === 1);
  t.match(await send({ seqFirst: 20, count: 20 }), { status: 503, body: { error: /too many/ } });
  t.match(await post('{"own":1}\n'), { status: 200 }, 'own senders go on');
  frames.release();
  t.match(await held, { status: 200 });
  frames.isHeld = false;
  t.match(await send({ seqFirst: 20, count: 20 }), { status: 200 });
});

t.test('a spool that fills up behind frames answers 503; a repeat finds them', async (t) => {
  const { send, frames, ingest, seqs } = await centre(t, { limits: { httpFullWaitMs: 50 } });
  frames.isHeld = true;
  const first = send({ seqFirst: 0, count: 2 });
  await until(() => frames.waitingCount === 1);
  frames.isFull = true;
  const reply = await first;
  t.same([reply.status, reply.headers['retry-after']], [503, '1']);
  // There is space again, and what was handed over is still being written.
  frames.isFull = false;
  const repeat = send({ seqFirst: 0, count: 2 });
  await until(() => ingest.requestCount === 1);
  frames.isHeld = false;
  frames.release();
  t.match(await repeat, { status: 200, body: { accepted: 0, duplicates: 2 } });
  t.same(seqs(), [0, 1]);
});

t.test('a stop with frames under way answers 503', async (t) => {
  const { ingest, frames, send } = await centre(t);
  frames.isHeld = true;
  const sent = send({ seqFirst: 0, count: 1 });
  await until(() => frames.waitingCount === 1);
  const stopping = ingest.stop();
  t.match(await send({ seqFirst: 1, count: 1 }), { status: 503 });
  frames.release();
  t.match(await sent, { status: 200 }, 'it became durable in time');
  await stopping;
});

t.test('restarts of the spool: any order of repeats stores each number once', async (t) => {
  const seed = testSeed(5);
  const shape = fc.tuple(fc.nat(30), fc.constantFrom(11n, 12n)).map(([at, epoch]) => ({
    seqFirst: at * 4,
    count: 4,
    epoch,
  }));
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.array(shape, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'kill' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 14 }), async (actions) => {
      const world = { files: new SimFiles(), clock: new SimClock(), random: new SimRandom(1) };
      const open = () =>
        openSpool({
          directory: '/data/spool',
          ...world,
          timers: world.clock,
          consumers: ['loader'],
          segmentBytes: 4096,
          commitIntervalMs: 0,
        });
      let spool = await open();
      let index = new ForwardedIndex(spool.foreignStreams());
      const sent = new Set<string>();
      for (const next of actions) {
        if (typeof next === 'string') {
          if (next === 'kill') world.files = world.files.snapshot();
          else await spool.close();
          spool = await open();
          index = new ForwardedIndex(spool.foreignStreams());
          continue;
        }
        const claim = index.claim(next.map(batchOf));
        if (claim.kind !== 'claimed') throw new Error(claim.kind);
        for (const { batch, settle } of claim.fresh) {
          await spool.append(batch);
          settle(true);
        }
        for (const { seqFirst, epoch } of next)
          for (let i = 0; i < 4; i++) sent.add(`${epoch}/${seqFirst + i}`);
      }
      const found: string[] = [];
      const consumer = spool.consumer('loader');
      for (let left = consumer.pendingFrameCount; left > 0; left--) {
        const next = await consumer.read(new AbortController().signal);
        const { epoch, seqFirst, eventCount } = next?.batch ?? batchOf({ seqFirst: 0, count: 0 });
        for (let i = 0; i < eventCount; i++) found.push(`${epoch}/${seqFirst + i}`);
      }
      return found.length === sent.size && found.every((name) => sent.has(name));
    }),
    { seed, numRuns: process.env.WEIR_LONG === '1' ? 2_000 : 60 },
  );
  t.pass(`seed ${seed}`);
});
