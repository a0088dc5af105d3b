// Scenario: taps are opened on parts of a graph and get rows back, faster than they may show them
// or than their reader takes them.
// Guarantees: nobody watching asks for nothing; a tap is asked for on the way to one sink only;
// every event that matched is shown or counted as dropped, by cause; nothing waits.
import type { TappedRows } from '@weir/pipeline';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { type OpenedTap, type TapCounts, TapHub, type TapReader, type TapWish } from './tap-hub.js';
import { TEST_GRAPH } from './test-graph.js';

const ALL: TapWish = { component: 'noise', condition: null, ratePerSecond: 100, count: null };

class TestReader implements TapReader {
  readonly lines: string[] = [];
  room = Number.POSITIVE_INFINITY;
  last: TapCounts | null = null;
  ended: TapCounts | null = null;

  get isFull(): boolean {
    return this.lines.length >= this.room;
  }
  line(text: string): boolean {
    if (this.lines.length >= this.room) return false;
    this.lines.push(text);
    return true;
  }
  counts(counts: TapCounts): void {
    this.last = counts;
  }
  end(counts: TapCounts, _reason?: string): void {
    this.ended = counts;
  }
}

function hubOf(sinkStates: Readonly<Record<string, 'ok' | 'unreachable'>> = {}): {
  hub: TapHub;
  clock: SimClock;
} {
  const clock = new SimClock();
  const hub = new TapHub({
    graph: TEST_GRAPH,
    clock,
    checkCondition: (condition) => (condition === 'bad' ? 'unexpected token at 1:1' : null),
    sinkState: (sink) => sinkStates[sink] ?? 'ok',
  });
  return { hub, clock };
}

function open(
  hub: TapHub,
  wish: Partial<TapWish>,
  reader: TapReader = new TestReader(),
): OpenedTap {
  const opened = hub.open({ ...ALL, ...wish }, reader);
  if (opened.kind !== 'opened') throw new Error(opened.message);
  return opened;
}

const rows = (id: number, lineCount: number, matchedEvents = lineCount): TappedRows => ({
  id,
  lines: Array.from({ length: lineCount }, (_, i) => `{"n":${i}}`),
  matchedEvents,
});

t.test('nobody watching costs no request', async (t) => {
  const { hub } = hubOf();
  const before = hub.requests('clickhouse');
  t.equal(before.length, 0);
  t.equal(hub.requests('archive'), before, 'not even an array');
  hub.offer([rows(7, 3)]);
});

t.test('a tap is asked for on the way to one sink', async (t) => {
  const { hub } = hubOf();
  const tap = open(hub, { component: 'noise', condition: 'x == 1' });
  t.equal(tap.sink, 'clickhouse');
  t.same(hub.requests('clickhouse'), [
    { id: tap.id, component: 'noise', condition: 'x == 1', rowsMax: 100 },
  ]);
  t.same(hub.requests('archive'), []);
  tap.close();
  t.same(hub.requests('clickhouse'), []);
  t.equal(hub.tapCount, 0);
});

t.test('a sink that works is preferred', async (t) => {
  const { hub } = hubOf({ clickhouse: 'unreachable' });
  t.equal(open(hub, {}).sink, 'archive');
  t.equal(open(hub, { component: 'http' }).sink, 'clickhouse', 'where there is no choice');
});

t.test('without a component the first sink is watched', async (t) => {
  const { hub } = hubOf();
  t.equal(open(hub, { component: null }).component, 'clickhouse');
});

t.test('what cannot be watched', async (t) => {
  const { hub } = hubOf();
  const reader = new TestReader();
  t.match(hub.open({ ...ALL, component: 'nois' }, reader), {
    kind: 'unknown_component',
    message: 'no component nois; did you mean noise?',
  });
  t.match(hub.open({ ...ALL, component: 'something' }, reader), { message: /split\.vip/ });
  t.match(hub.open({ ...ALL, condition: 'bad' }, reader), {
    kind: 'bad_condition',
    message: 'unexpected token at 1:1',
  });
  for (let i = 0; i < 16; i++) open(hub, {});
  t.match(hub.open(ALL, reader), { kind: 'too_many_taps' });
});

t.test('the rate cap', async (t) => {
  const { hub, clock } = hubOf();
  const reader = new TestReader();
  const tap = open(hub, { ratePerSecond: 10 }, reader);
  hub.offer([rows(tap.id, 8)]);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 2);
  // Two batches were asked for their rows before either came back.
  hub.offer([rows(tap.id, 2, 50), rows(tap.id, 2, 50)]);
  t.same(reader.last, { matched: 108, shown: 10, droppedByRate: 98, droppedByReader: 0 });
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 0, 'it still counts what matches');
  await clock.advance(500);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 5);
  await clock.advance(60_000);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 10, 'a second is saved up at most');
});

t.test('a slow rate still shows single events', async (t) => {
  const { hub, clock } = hubOf();
  const tap = open(hub, { ratePerSecond: 0.5 });
  hub.offer([rows(tap.id, 1)]);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 0);
  await clock.advance(2_000);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 1);
});

t.test('a reader without room loses rows, nobody else does', async (t) => {
  const { hub } = hubOf();
  const slow = new TestReader();
  slow.room = 2;
  const quick = new TestReader();
  const first = open(hub, {}, slow);
  const second = open(hub, {}, quick);
  hub.offer([rows(first.id, 5), rows(second.id, 5)]);
  t.same(slow.last, { matched: 5, shown: 2, droppedByRate: 0, droppedByReader: 3 });
  t.equal(quick.lines.length, 5);
});

t.test('a count ends the tap', async (t) => {
  const { hub } = hubOf();
  const reader = new TestReader();
  const tap = open(hub, { count: 3 }, reader);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 3);
  hub.offer([rows(tap.id, 2)]);
  t.equal(hub.requests('clickhouse')[0]?.rowsMax, 1);
  hub.offer([rows(tap.id, 5)]);
  t.equal(reader.lines.length, 3);
  t.same(reader.ended, { matched: 7, shown: 3, droppedByRate: 0, droppedByReader: 0 });
  t.equal(hub.tapCount, 0);
});

t.test('a tap that is ended from the other side', async (t) => {
  const { hub } = hubOf();
  const readers = [new TestReader(), new TestReader()];
  const [first] = readers.map((reader) => open(hub, {}, reader));
  t.equal(hub.end(first?.id ?? 0), true);
  t.equal(hub.end(first?.id ?? 0), false);
  hub.endAll();
  for (const reader of readers) t.ok(reader.ended);
});

t.test('a tap that is ended with a reason', async (t) => {
  const { hub } = hubOf();
  const reasons: (string | undefined)[] = [];
  const reader = new TestReader();
  reader.end = (_counts, reason) => reasons.push(reason);
  const { id } = open(hub, {}, reader);
  t.ok(hub.end(id, 'a worker ended'));
  t.strictSame(reasons, ['a worker ended']);
});

t.test('nothing is copied for a reader that is full', async (t) => {
  const { hub } = hubOf();
  const reader = new TestReader();
  reader.room = 2;
  const { id, sink } = open(hub, {}, reader);
  t.ok((hub.requests(sink)[0]?.rowsMax ?? 0) > 0);
  hub.offer([rows(id, 3)]);
  t.equal(hub.requests(sink)[0]?.rowsMax, 0);
  hub.offer([rows(id, 0, 5)]);
  t.match(reader.last, { matched: 8, shown: 2, droppedByRate: 0, droppedByReader: 6 });
  reader.room = 10;
  t.ok((hub.requests(sink)[0]?.rowsMax ?? 0) > 0, 'it goes on when it has room');
});
