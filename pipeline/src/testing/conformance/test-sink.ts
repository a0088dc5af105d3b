// What every sink must keep, whatever stands behind it. A sink's own test file calls `testSink`
// with a way to make one and to see what the other side has taken.
import { WeirError } from '../../errors.js';
import type { Sink, SinkOutcome, SinkPayload } from '../../sink.js';

/** The part of a test runner's `t` that the kit needs; tap's `t` fits. */
export interface SinkTest {
  test(name: string, body: (t: SinkTest) => Promise<void>): unknown;
  ok(value: unknown, message: string): unknown;
  equal(found: unknown, wanted: unknown, message: string): unknown;
  same(found: unknown, wanted: unknown, message: string): unknown;
}

/** A sink with its other side, fresh for each test. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** Rows that the other side has taken so far, in order, as given to `payloadOf`. */
  received(): Promise<readonly string[]> | readonly string[];
  /** The other side is away: whatever is tried fails at once. Absent where that cannot be. */
  readonly breakDown?: () => Promise<void> | void;
  /** The other side takes what comes and does not answer. Absent where that cannot be. */
  readonly hang?: () => Promise<void> | void;
  /** Ends `breakDown` and `hang`. */
  readonly heal?: () => Promise<void> | void;
  /** From now on the other side refuses this row for ever. Absent where it takes any. */
  readonly refuse?: (row: string) => Promise<void> | void;
  /** Called after the sink was closed. */
  dispose(): Promise<void> | void;
}

export interface SinkConformance {
  readonly create: () => Promise<SinkUnderTest> | SinkUnderTest;
  /** Rows as JSON texts without line end to the sink's encoding. Default: NDJSON, one block. */
  readonly payloadOf?: (rows: readonly string[]) => SinkPayload;
  /** Rows of the large payload; default 5,000. */
  readonly largeRowCount?: number;
}

const encoder = new TextEncoder();

/** One block with a line for each row. */
export function ndjsonPayload(rows: readonly string[]): SinkPayload {
  const bytes = encoder.encode(rows.map((row) => `${row}\n`).join(''));
  return { blocks: [bytes], rowCount: rows.length, byteCount: bytes.length };
}

/** Several payloads as one. */
export function joinPayloads(payloads: readonly SinkPayload[]): SinkPayload {
  return {
    blocks: payloads.flatMap((payload) => payload.blocks),
    rowCount: payloads.reduce((sum, payload) => sum + payload.rowCount, 0),
    byteCount: payloads.reduce((sum, payload) => sum + payload.byteCount, 0),
  };
}

/** Runs the kit as subtests of `t`. */
export function testSink(t: SinkTest, conformance: SinkConformance): void {
  const bench = new Bench(conformance);
  t.test('rows arrive in order', (t) => bench.inOrder(t));
  t.test('a large payload arrives whole', (t) => bench.large(t));
  t.test('an aborted write says retry, and the same rows can come again', (t) => bench.aborted(t));
  t.test('open and close can be called again', (t) => bench.openAndClose(t));
  t.test('after a failure it opens again', (t) => bench.outage(t));
  t.test('a write that hangs ends with its signal', (t) => bench.hanging(t));
  t.test('refused rows are told', (t) => bench.refused(t));
}

class Bench {
  readonly #create: SinkConformance['create'];
  readonly #payloadOf: (rows: readonly string[]) => SinkPayload;
  readonly #largeRowCount: number;

  constructor(conformance: SinkConformance) {
    this.#create = conformance.create;
    this.#payloadOf = conformance.payloadOf ?? ndjsonPayload;
    this.#largeRowCount = conformance.largeRowCount ?? 5_000;
  }

  async #with(t: SinkTest, use: (under: SinkUnderTest) => Promise<void>): Promise<void> {
    const under = await this.#create();
    try {
      await use(under);
    } finally {
      await under.heal?.();
      await under.sink.close();
      await under.sink.close();
      t.ok(true, 'closing twice is harmless');
      await under.dispose();
    }
  }

  /** What the contract allows, whatever happened. */
  async #write(t: SinkTest, sink: Sink, rows: readonly string[], signal?: AbortSignal) {
    const payload = this.#payloadOf(rows);
    const outcome = await sink.write(payload, signal ?? new AbortController().signal);
    checkOutcome(t, outcome, payload.rowCount);
    return outcome;
  }

  inOrder(t: SinkTest): Promise<void> {
    return this.#with(t, async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('order', 12);
      const parts = [rows.slice(0, 1), rows.slice(1, 4), rows.slice(4, 5), rows.slice(5)];
      for (const part of parts)
        t.equal((await this.#write(t, sink, part)).kind, 'delivered', `${part.length} rows`);
      t.same(await received(), rows, 'every row once, in order');
      const more = rowsOf('blocks', 9);
      const blocks = [more.slice(0, 2), more.slice(2, 3), more.slice(3)];
      const payload = joinPayloads(blocks.map((part) => this.#payloadOf(part)));
      t.equal((await sink.write(payload, never())).kind, 'delivered', 'three blocks in a payload');
      t.same(await received(), [...rows, ...more], 'blocks keep their order');
    });
  }

  large(t: SinkTest): Promise<void> {
    return this.#with(t, async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('large', this.#largeRowCount, 'x'.repeat(400));
      t.equal((await this.#write(t, sink, rows)).kind, 'delivered', 'taken');
      const found = await received();
      t.equal(found.length, rows.length, 'every row');
      t.equal(found.join('\n') === rows.join('\n'), true, 'unchanged');
    });
  }

  aborted(t: SinkTest): Promise<void> {
    return this.#with(t, async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('aborted', 5);
      const before = AbortSignal.abort();
      t.equal((await this.#write(t, sink, rows, before)).kind, 'retry', 'aborted before it began');
      const stop = new AbortController();
      const writing = this.#write(t, sink, rows, stop.signal);
      stop.abort();
      const { kind } = await writing;
      t.ok(kind === 'retry' || kind === 'delivered', `aborted under way: ${kind}`);
      if (kind === 'retry') {
        await sink.open(never());
        t.equal((await this.#write(t, sink, rows)).kind, 'delivered', 'the same rows again');
      }
      t.same(unique(await received()), rows, 'all arrived, in order');
    });
  }

  openAndClose(t: SinkTest): Promise<void> {
    return this.#with(t, async ({ sink, received }) => {
      await sink.open(never());
      await sink.open(never());
      const rows = rowsOf('again', 3);
      t.equal((await this.#write(t, sink, rows)).kind, 'delivered', 'opened twice');
      t.same(await received(), rows, 'and written once');
      const other = await this.#create();
      await other.sink.close();
      await other.sink.close();
      await other.dispose();
      t.ok(true, 'a sink that was never opened can be closed');
    });
  }

  outage(t: SinkTest): Promise<void> {
    return this.#with(t, async (under) => {
      const { sink, received, breakDown, heal } = under;
      if (breakDown === undefined || heal === undefined) {
        t.ok(true, 'this one cannot break down');
        return;
      }
      await sink.open(never());
      const [before, during] = [rowsOf('before', 3), rowsOf('during', 3)];
      await this.#write(t, sink, before);
      await breakDown.call(under);
      const failed = await this.#write(t, sink, during);
      t.equal(failed.kind, 'retry', 'nothing was taken');
      await openOrWeirError(t, sink);
      t.equal((await this.#write(t, sink, during)).kind, 'retry', 'still nothing');
      await heal.call(under);
      await sink.open(never());
      t.equal((await this.#write(t, sink, during)).kind, 'delivered', 'taken after all');
      t.same(unique(await received()), [...before, ...during], 'nothing is missing');
    });
  }

  hanging(t: SinkTest): Promise<void> {
    return this.#with(t, async (under) => {
      const { sink, hang, heal, received } = under;
      if (hang === undefined || heal === undefined) {
        t.ok(true, 'this one cannot hang');
        return;
      }
      await sink.open(never());
      await hang.call(under);
      const rows = rowsOf('hanging', 3);
      const stop = new AbortController();
      const writing = this.#write(t, sink, rows, stop.signal);
      await Promise.resolve();
      stop.abort();
      t.equal((await writing).kind, 'retry', 'nothing is known to be taken');
      await heal.call(under);
      await sink.open(never());
      t.equal((await this.#write(t, sink, rows)).kind, 'delivered', 'taken after all');
      t.same(unique(await received()), rows, 'nothing is missing');
    });
  }

  refused(t: SinkTest): Promise<void> {
    return this.#with(t, async (under) => {
      const { sink, refuse, received } = under;
      if (refuse === undefined) {
        t.ok(true, 'this one takes any row');
        return;
      }
      await sink.open(never());
      const rows = rowsOf('refused', 8);
      const bad = rows[5] as string;
      await refuse.call(under, bad);
      const outcome = await this.#write(t, sink, rows);
      t.equal(outcome.kind, 'rejected', 'a refused row makes no retry');
      if (outcome.kind !== 'rejected') return;
      if (outcome.isWhole) {
        const alone = await this.#write(t, sink, [bad]);
        t.equal(alone.kind, 'rejected', 'alone as well');
        for (const row of rows)
          if (row !== bad) t.equal((await this.#write(t, sink, [row])).kind, 'delivered', row);
      } else t.same([...outcome.rows], [5], 'named');
      t.same(
        unique(await received()).filter((row) => row !== bad),
        rows.filter((row) => row !== bad),
        'all others are there',
      );
    });
  }
}

async function openOrWeirError(t: SinkTest, sink: Sink): Promise<void> {
  try {
    await sink.open(never());
  } catch (error) {
    t.ok(error instanceof WeirError, 'open rejects with a WeirError');
  }
}

function checkOutcome(t: SinkTest, outcome: SinkOutcome, rowCount: number): void {
  if (outcome.kind === 'delivered') return;
  t.ok(outcome.failure.message !== '', `says why: ${outcome.failure.message}`);
  if (outcome.kind === 'retry') {
    t.ok(outcome.afterMs === null || outcome.afterMs >= 0, 'a delay is not negative');
    return;
  }
  const rows = [...outcome.rows];
  t.equal(rows.length === 0, outcome.isWhole, 'rows are named, or the payload is refused whole');
  t.ok(
    rows.every((row, i) => row < rowCount && (i === 0 || row > (rows[i - 1] as number))),
    'rows are ascending and of the payload',
  );
}

const never = (): AbortSignal => new AbortController().signal;

const rowsOf = (name: string, count: number, filler = ''): string[] =>
  Array.from({ length: count }, (_, row) => JSON.stringify({ test: name, row, filler }));

/** Delivery is at least once: of repeated rows the first counts. */
const unique = (rows: readonly string[]): string[] => [...new Set(rows)];
