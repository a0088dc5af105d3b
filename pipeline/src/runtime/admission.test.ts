// Scenario: events of several senders, a buffer that is slow, full, failing or closed, on virtual
// time. Guarantees: every event is in exactly one batch, in order, with its bytes; a ticket
// resolves only after the durability of all its events; what is pending is bounded by the inputs'
// obedience; every refusal and every number that could not be written is told in a later batch.
import t from 'tap';
import { assertBatch } from '../batch.js';
import { WeirError } from '../errors.js';
import type { RefusalCause } from '../taxonomy.js';
import { MARK } from '../taxonomy.js';
import { SimClock } from '../testing/sim-clock.js';
import { SimRandom, testSeed } from '../testing/sim-random.js';
import { Admission, type AdmissionLimits } from './admission.js';
import { FakeBuffer } from './admission-fake-buffer.js';
import type { AdmissionTicket, AdmittedPart } from './admission-ticket.js';
import { createSequencer } from './sequencer.js';
import { hashOf, StreamSet } from './stream-set.js';

function rig(limits: Partial<AdmissionLimits> = {}) {
  const clock = new SimClock();
  const buffer = new FakeBuffer();
  const options = {
    tenant: 'default',
    retentionClass: 'default',
    format: 'syslog',
    sequencer: createSequencer({ epoch: 9n }),
    buffer,
    clock,
    timers: clock,
    limits: { batchLingerMs: 5, ...limits },
  } as const;
  const admission = new Admission({ ...options, stream: 'n/l/0' });
  const add = (text: string, source = '192.0.2.1', ticket: AdmissionTicket | null = null): void => {
    const bytes = Buffer.from(`<<${text}>>`, 'latin1');
    admission.append(bytes, 2, bytes.length - 2, source, 0, bytes.length - 4, ticket);
  };
  return { clock, buffer, admission, options, add };
}
const ioError = () => new WeirError('WEIR_SPOOL_IO', 'write failed: EIO');

t.test('a batch closes by count, by bytes, by time', async (t) => {
  const { clock, buffer, admission, add } = rig({ batchEventCountMax: 3, batchBytesTarget: 10 });
  for (const text of ['a', 'b', 'c', 'd']) add(text);
  await clock.advance(0);
  t.same(
    buffer.batches.map((batch) => batch.eventCount),
    [3],
    'full by count',
  );
  add('eeeeeeeeee');
  await clock.advance(0);
  t.same(buffer.texts(), ['a', 'b', 'c', 'd', 'eeeeeeeeee'], 'full by bytes, the rest before it');
  add('f'.repeat(25));
  await clock.advance(0);
  t.equal(buffer.texts().at(-1), 'f'.repeat(25), 'an event above the target stands alone');
  add('g');
  await clock.advance(4);
  t.equal(buffer.batches.length, 4, 'it lingers');
  await clock.advance(1);
  t.equal(buffer.texts().at(-1), 'g');
  t.equal(admission.pendingBytes, 0);
  for (const batch of buffer.batches) assertBatch(batch);
});

t.test('runs, marks and stamps', async (t) => {
  const { clock, buffer, admission, add } = rig();
  const before = clock.nowNs();
  add('a', '192.0.2.1');
  add('b', '192.0.2.1');
  add('c', '192.0.2.2');
  admission.append(Buffer.from('dddd'), 0, 2, '192.0.2.1', MARK.oversize, 4);
  await clock.advance(5);
  const batch = buffer.batches[0];
  t.same(batch?.runs, [
    { eventCount: 2, source: '192.0.2.1', sourceSeqFirst: 0, context: '' },
    { eventCount: 1, source: '192.0.2.2', sourceSeqFirst: 0, context: '' },
    { eventCount: 1, source: '192.0.2.1', sourceSeqFirst: 2, context: '' },
  ]);
  t.same([...(batch?.marks ?? [])], [3, MARK.oversize, 4]);
  t.equal(batch?.receivedAtNs, before + 5_000_000n, 'stamped when it closes');
});

t.test('a clock before 1970 stamps 1970: a frame has no sign for it', async (t) => {
  const { clock, buffer, add } = rig();
  clock.wallOffsetNs = -clock.nowNs() - 1_000_000_000n;
  add('a');
  await clock.advance(500);
  t.equal(buffer.batches[0]?.receivedAtNs, 0n);
});

t.test('batches of all streams close at the same beat', async (t) => {
  const { clock, buffer, options, admission, add } = rig({ batchLingerMs: 10 });
  const other = new Admission({ ...options, stream: 'n/l/1' });
  await clock.advance(3);
  add('a');
  await clock.advance(4);
  other.append(Buffer.from('b'), 0, 1, '192.0.2.2', 0, 1);
  await clock.advance(2);
  t.equal(buffer.batches.length, 0);
  await clock.advance(1);
  t.same(buffer.texts(), ['a', 'b'], 'after 7 and after 3 ms');
  t.same(buffer.waitedMs, [7, 3], 'and the buffer is told how long they have waited');
  await Promise.all([admission.close(), other.close()]);
});

t.test('tickets wait for all their events, and requests stand in the frames', async (t) => {
  const { clock, buffer, admission, add } = rig({ batchEventCountMax: 4 });
  buffer.isHeld = true;
  const request = (key: string, itemCount: number) => ({
    key,
    bodySha256: new Uint8Array(32),
    itemCount,
  });
  const durable: AdmittedPart[] = [];
  const one = admission.ticket(request('p/1/0', 3), (part) => durable.push(part));
  const two = admission.ticket(request('q/1/0', 3));
  for (const text of ['1a', '1b', '1c']) add(text, 's1', one);
  for (const text of ['2a', '2b', '2c']) add(text, 's2', two);
  const seen: string[] = [];
  const first = one.durable().then((part) => seen.push(`one ${part?.seqFirst}`));
  const second = two.durable().then((part) => seen.push(`two ${part?.seqFirst}`));
  await clock.advance(5);
  t.equal(buffer.waitingCount, 2);
  t.same(seen, [], 'nothing before the buffer says so');
  buffer.release(1);
  await clock.advance(0);
  t.same(seen, ['one 0'], 'two has an event in the second batch');
  buffer.release(1);
  await Promise.all([first, second]);
  t.same(seen, ['one 0', 'two 3']);
  t.same(
    durable.map((part) => [part.itemIndexFirst, part.eventCount, part.seqFirst]),
    [[0, 3, 0]],
  );
  t.same(
    buffer.batches.map((batch) =>
      batch.requestParts.map((part) => [
        part.key,
        part.eventIndexFirst,
        part.eventCount,
        part.itemIndexFirst,
        part.itemCount,
      ]),
    ),
    [
      [
        ['p/1/0', 0, 3, 0, 3],
        ['q/1/0', 3, 1, 0, 3],
      ],
      [['q/1/0', 0, 2, 1, 3]],
    ],
  );
  const rest = admission.ticket(request('r/1/0', 9));
  for (const index of [0, 5, 6]) {
    rest.itemIndexNext = index;
    add(`r${index}`, 's1', rest);
  }
  buffer.isHeld = false;
  await clock.run(rest.durable());
  t.same(
    buffer.batches.at(-1)?.requestParts.map((part) => [part.itemIndexFirst, part.eventCount]),
    [
      [0, 1],
      [5, 2],
    ],
    'holes of a request are separate parts',
  );
  t.equal(await admission.ticket(null).durable(), null, 'a ticket without events is durable');
});

t.test(
  'a failed batch fails its tickets, is declared lost, and poisons nothing after it',
  async (t) => {
    const { clock, buffer, admission, add } = rig({ batchEventCountMax: 2 });
    buffer.isHeld = true;
    const bad = admission.ticket(null);
    for (const text of ['a', 'b', 'c']) add(text, 's', bad);
    const all = admission.durable();
    t.rejects(bad.durable(), { code: 'WEIR_SPOOL_IO' });
    t.rejects(all, { code: 'WEIR_SPOOL_IO' });
    await clock.advance(5);
    buffer.fail(ioError(), 1);
    await clock.advance(0);
    t.equal(admission.blockCause, 'spool_full', 'the inputs pause');
    buffer.release();
    buffer.isHeld = false;
    let unblocked = 0;
    admission.onUnblocked(() => unblocked++);
    await clock.advance(1_100);
    t.equal(unblocked, 1);
    t.equal(admission.isBlocked, false);
    const good = admission.ticket(null);
    add('d', 's', good);
    await clock.run(good.durable());
    t.same(buffer.texts(), ['c', 'd']);
    const lost = buffer.batches.flatMap((batch) => batch.dispositions);
    t.same(lost, [
      { kind: 'lost', cause: 'spool_write_failed', seqRanges: [[0, 1]], eventCount: 2 },
    ]);
  },
);

t.test('losses and refusals survive a second failure', async (t) => {
  const { clock, buffer, admission, add } = rig({ batchEventCountMax: 2 });
  buffer.isHeld = true;
  admission.refuse('empty_line', 3);
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) add(text);
  buffer.fail(ioError());
  await clock.advance(0);
  admission.refuse('empty_line', 1);
  await clock.advance(1_000);
  buffer.fail(ioError());
  await clock.advance(0);
  buffer.isHeld = false;
  await clock.advance(1_000);
  t.same(buffer.batches.at(-1)?.dispositions, [
    { kind: 'refused', cause: 'empty_line', seqRanges: [], eventCount: 4 },
    { kind: 'lost', cause: 'spool_write_failed', seqRanges: [[0, 5]], eventCount: 6 },
  ]);
  await admission.close();
  t.equal(admission.refusedTotal('empty_line'), 4);
});

t.test('back-pressure: bound, cause, release at half', async (t) => {
  const { clock, buffer, admission, add } = rig({
    admissionPendingBytesMax: 1_000,
    batchBytesTarget: 100,
  });
  buffer.isHeld = true;
  let count = 0;
  while (!admission.isBlocked) {
    add('x'.repeat(42));
    count++;
  }
  t.equal(count, 20, '42 bytes and 8 of bookkeeping each');
  t.equal(admission.blockCause, 'queue_full');
  let released = false;
  const waiting = admission.whenUnblocked().then(() => {
    released = true;
  });
  await clock.advance(5);
  buffer.release(4);
  await clock.advance(100);
  t.equal(released, false, 'not yet half');
  buffer.release(1);
  await clock.advance(0);
  t.equal(released, true);
  await waiting;
  buffer.isFull = true;
  t.equal(admission.blockCause, 'spool_full', 'a full buffer blocks an idle stream');
  const idle = admission.whenUnblocked();
  await clock.advance(500);
  buffer.isFull = false;
  await clock.run(idle);
  t.equal(admission.isBlocked, false);
});

t.test('refusals travel in the next batch, else in an empty one within a second', async (t) => {
  const { clock, buffer, admission, add } = rig();
  admission.refuse('empty_line', 2);
  add('a');
  await clock.advance(5);
  t.equal(buffer.refused('empty_line'), 2);
  admission.refuse('connection_limit', 1);
  admission.refuse('empty_line', 1);
  await clock.advance(1_000);
  t.same(buffer.batches.at(-1)?.eventCount, 0);
  t.same(
    [buffer.refused('empty_line'), buffer.refused('connection_limit')],
    [3, 1],
    'running totals',
  );
  const batchCount = buffer.batches.length;
  await clock.advance(5_000);
  t.equal(buffer.batches.length, batchCount, 'nothing new, no batch');
  buffer.isHeld = true;
  add('b');
  await clock.advance(5);
  for (let i = 0; i < 20; i++) {
    admission.refuse('spool_full', 1);
    await clock.advance(1_000);
  }
  t.equal(buffer.waitingCount, 1, 'no empty batches pile up behind a stalled buffer');
  buffer.release();
  buffer.isHeld = false;
  await clock.advance(1_000);
  t.equal(buffer.refused('spool_full'), 20);
  admission.refuse('body_aborted', 4);
  await admission.close();
  t.equal(buffer.refused('body_aborted'), 4, 'and at the end');
  t.equal(clock.pendingTimerCount, 0);
});

t.test('counters move once a batch, with the cause', async (t) => {
  const { clock, options } = rig();
  const seen: unknown[] = [];
  const metrics = {
    received: (events: number, bytes: number) => seen.push(['received', events, bytes]),
    discarded: (count: number, cause: string, intentional: boolean) =>
      seen.push([cause, count, intentional]),
    sent: () => {},
    error: () => {},
    quarantined: () => {},
    latency: () => {},
  };
  const admission = new Admission({ ...options, stream: 's', metrics });
  admission.append(Buffer.from('abc'), 0, 3, 's', 0, 3);
  admission.append(Buffer.from('de'), 0, 2, 's', 0, 2);
  admission.refuse('empty_line', 1);
  admission.refuse('queue_full', 2);
  t.same(seen, []);
  await clock.advance(5);
  t.same(seen, [
    ['received', 2, 5],
    ['empty_line', 1, true],
    ['queue_full', 2, false],
  ]);
});

t.test('model: random work, random durability; all is accounted for', async (t) => {
  const seed = testSeed(4_711);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const { clock, buffer, admission, add } = rig({
    batchEventCountMax: 8,
    batchBytesTarget: 200,
    admissionPendingBytesMax: 2_000,
  });
  const causes: readonly RefusalCause[] = ['empty_line', 'queue_full'];
  const sent: string[] = [];
  const lostTexts = new Set<number>();
  let refused = 0;
  buffer.isHeld = true;
  for (let step = 0; step < 5_000; step++) {
    const action = random.below(10);
    if (action < 6 && !admission.isBlocked) {
      const text = `${sent.length}:${'x'.repeat(random.below(60))}`;
      sent.push(text);
      add(text, `s${random.below(3)}`);
    } else if (action === 6) {
      admission.refuse(random.pick(causes), 1);
      refused++;
    } else if (action === 7) {
      buffer.release(random.below(4));
    } else if (action === 8 && random.chance(0.05)) {
      buffer.fail(ioError(), 1);
    } else {
      await clock.advance(random.below(20));
    }
    if (admission.pendingBytes > 2_000 + 80) t.fail('pending bytes are bounded');
  }
  buffer.isHeld = false;
  buffer.release();
  await clock.advance(3_000);
  await clock.run(admission.close());
  for (const { dispositions } of buffer.batches)
    for (const { kind, seqRanges } of dispositions)
      if (kind === 'lost')
        for (const [first, last] of seqRanges) for (let i = first; i <= last; i++) lostTexts.add(i);
  const stored = buffer.events();
  t.same(
    stored.map((event) => event.text),
    stored.map((event) => sent[event.seq]),
    'a number names its event',
  );
  const accounted = new Set([...lostTexts, ...stored.map((event) => event.seq)]);
  t.equal(accounted.size, sent.length, 'issued = stored + lost');
  t.equal(stored.length + lostTexts.size, sent.length, 'and they are disjoint');
  t.ok(lostTexts.size > 0, 'failures were seen');
  t.equal(buffer.refused('empty_line') + buffer.refused('queue_full'), refused);
});

t.test('a peer keeps its stream; peers spread over the shards', async (t) => {
  const { options } = rig();
  const set = new StreamSet({ ...options, node: 'node', listener: 'syslog' });
  t.same(
    set.streams.map((stream) => stream.stream),
    ['node/syslog/0', 'node/syslog/1', 'node/syslog/2', 'node/syslog/3'],
  );
  const counts = new Map<string, number>();
  for (let i = 0; i < 4_000; i++) {
    const peer = `192.0.${i >> 8}.${i & 255}`;
    const { stream } = set.streamOf(peer);
    if (set.streamOf(`${peer}`).stream !== stream) t.fail('stable');
    counts.set(stream, (counts.get(stream) ?? 0) + 1);
  }
  for (const count of counts.values()) t.ok(count > 800 && count < 1_200, `even: ${count}`);
  t.equal(hashOf('192.0.2.1'), hashOf('192.0.2.1'));
  t.equal(hashOf('192.0.2.1') % 4, 1, 'fixed for ever: streams on disk depend on it');
});

t.test(
  'drop_newest: a full buffer is a reason to refuse, a full queue still one to wait',
  async (t) => {
    const { clock, options } = rig();
    const buffer = new FakeBuffer();
    const dropping = new Admission({ ...options, stream: 'd', buffer, whenFull: 'drop_newest' });
    t.same([dropping.mustDrop, dropping.mustPause], [false, false]);
    let told = 0;
    dropping.onUnblocked(() => told++);
    buffer.isFull = true;
    t.same([dropping.mustDrop, dropping.mustPause, dropping.isBlocked], [true, false, true]);
    t.equal(dropping.blockCause, 'spool_full', 'HTTP still answers 503');
    await clock.advance(100);
    t.ok(told > 0, 'what had paused goes on');
    buffer.isFull = false;
    await clock.advance(100);
    t.same([dropping.mustDrop, dropping.isBlocked], [false, false]);
    await dropping.close();
    const waiting = new Admission({ ...options, stream: 'w', buffer });
    buffer.isFull = true;
    t.same([waiting.mustDrop, waiting.mustPause], [false, true], 'block is the default');
    await waiting.close();
  },
);
