// What every sink must keep, whatever stands behind it. A sink's own test file calls `testSink`
// with a way to make one and to see what the other side has taken.
import assert from 'node:assert/strict';
import { WeirError } from '../../errors.js';
import type { Sink, SinkOutcome, SinkPayload } from '../../sink.js';
import { runAll, type TestRunner } from './runner.js';

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

/** Tests a sink; resolves when the runner is done. */
export function testSink(runner: TestRunner, conformance: SinkConformance): Promise<void> {
  const bench = new Bench(conformance);
  return runAll(runner, [
    ['rows arrive in order', () => bench.inOrder()],
    ['a large payload arrives whole', () => bench.large()],
    ['an aborted write says retry, and the same rows can come again', () => bench.aborted()],
    ['open and close can be called again', () => bench.openAndClose()],
    ['after a failure it opens again', () => bench.outage()],
    ['a write that hangs ends with its signal', () => bench.hanging()],
    ['refused rows are told', () => bench.refused()],
  ]);
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

  async #with(use: (under: SinkUnderTest) => Promise<void>): Promise<void> {
    const under = await this.#create();
    try {
      await use(under);
    } finally {
      await under.heal?.();
      await under.sink.close();
      await under.sink.close();
      assert.ok(true, 'closing twice is harmless');
      await under.dispose();
    }
  }

  /** What the contract allows, whatever happened. */
  async #write(sink: Sink, rows: readonly string[], signal?: AbortSignal) {
    const payload = this.#payloadOf(rows);
    const outcome = await sink.write(payload, signal ?? new AbortController().signal);
    checkOutcome(outcome, payload.rowCount);
    return outcome;
  }

  inOrder(): Promise<void> {
    return this.#with(async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('order', 12);
      const parts = [rows.slice(0, 1), rows.slice(1, 4), rows.slice(4, 5), rows.slice(5)];
      for (const part of parts)
        assert.equal((await this.#write(sink, part)).kind, 'delivered', `${part.length} rows`);
      assert.deepStrictEqual(await received(), rows, 'every row once, in order');
      const more = rowsOf('blocks', 9);
      const blocks = [more.slice(0, 2), more.slice(2, 3), more.slice(3)];
      const payload = joinPayloads(blocks.map((part) => this.#payloadOf(part)));
      assert.equal(
        (await sink.write(payload, never())).kind,
        'delivered',
        'three blocks in a payload',
      );
      assert.deepStrictEqual(await received(), [...rows, ...more], 'blocks keep their order');
    });
  }

  large(): Promise<void> {
    return this.#with(async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('large', this.#largeRowCount, 'x'.repeat(400));
      assert.equal((await this.#write(sink, rows)).kind, 'delivered', 'taken');
      const found = await received();
      assert.equal(found.length, rows.length, 'every row');
      assert.equal(found.join('\n') === rows.join('\n'), true, 'unchanged');
    });
  }

  aborted(): Promise<void> {
    return this.#with(async ({ sink, received }) => {
      await sink.open(never());
      const rows = rowsOf('aborted', 5);
      const before = AbortSignal.abort();
      assert.equal(
        (await this.#write(sink, rows, before)).kind,
        'retry',
        'aborted before it began',
      );
      const stop = new AbortController();
      const writing = this.#write(sink, rows, stop.signal);
      stop.abort();
      const { kind } = await writing;
      assert.ok(kind === 'retry' || kind === 'delivered', `aborted under way: ${kind}`);
      if (kind === 'retry') {
        await sink.open(never());
        assert.equal((await this.#write(sink, rows)).kind, 'delivered', 'the same rows again');
      }
      assert.deepStrictEqual(unique(await received()), rows, 'all arrived, in order');
    });
  }

  openAndClose(): Promise<void> {
    return this.#with(async ({ sink, received }) => {
      await sink.open(never());
      await sink.open(never());
      const rows = rowsOf('again', 3);
      assert.equal((await this.#write(sink, rows)).kind, 'delivered', 'opened twice');
      assert.deepStrictEqual(await received(), rows, 'and written once');
      const other = await this.#create();
      await other.sink.close();
      await other.sink.close();
      await other.dispose();
      assert.ok(true, 'a sink that was never opened can be closed');
    });
  }

  outage(): Promise<void> {
    return this.#with(async (under) => {
      const { sink, received, breakDown, heal } = under;
      if (breakDown === undefined || heal === undefined) {
        assert.ok(true, 'this one cannot break down');
        return;
      }
      await sink.open(never());
      const [before, during] = [rowsOf('before', 3), rowsOf('during', 3)];
      await this.#write(sink, before);
      await breakDown.call(under);
      const failed = await this.#write(sink, during);
      assert.equal(failed.kind, 'retry', 'nothing was taken');
      await openOrWeirError(sink);
      assert.equal((await this.#write(sink, during)).kind, 'retry', 'still nothing');
      await heal.call(under);
      await sink.open(never());
      assert.equal((await this.#write(sink, during)).kind, 'delivered', 'taken after all');
      assert.deepStrictEqual(
        unique(await received()),
        [...before, ...during],
        'nothing is missing',
      );
    });
  }

  hanging(): Promise<void> {
    return this.#with(async (under) => {
      const { sink, hang, heal, received } = under;
      if (hang === undefined || heal === undefined) {
        assert.ok(true, 'this one cannot hang');
        return;
      }
      await sink.open(never());
      await hang.call(under);
      const rows = rowsOf('hanging', 3);
      const stop = new AbortController();
      const writing = this.#write(sink, rows, stop.signal);
      await Promise.resolve();
      stop.abort();
      assert.equal((await writing).kind, 'retry', 'nothing is known to be taken');
      await heal.call(under);
      await sink.open(never());
      assert.equal((await this.#write(sink, rows)).kind, 'delivered', 'taken after all');
      assert.deepStrictEqual(unique(await received()), rows, 'nothing is missing');
    });
  }

  refused(): Promise<void> {
    return this.#with(async (under) => {
      const { sink, refuse, received } = under;
      if (refuse === undefined) {
        assert.ok(true, 'this one takes any row');
        return;
      }
      await sink.open(never());
      const rows = rowsOf('refused', 8);
      const bad = rows[5] as string;
      await refuse.call(under, bad);
      const outcome = await this.#write(sink, rows);
      assert.equal(outcome.kind, 'rejected', 'a refused row makes no retry');
      if (outcome.kind !== 'rejected') return;
      if (outcome.isWhole) {
        const alone = await this.#write(sink, [bad]);
        assert.equal(alone.kind, 'rejected', 'alone as well');
        for (const row of rows)
          if (row !== bad) assert.equal((await this.#write(sink, [row])).kind, 'delivered', row);
      } else assert.deepStrictEqual([...outcome.rows], [5], 'named');
      assert.deepStrictEqual(
        unique(await received()).filter((row) => row !== bad),
        rows.filter((row) => row !== bad),
        'all others are there',
      );
    });
  }
}

async function openOrWeirError(sink: Sink): Promise<void> {
  try {
    await sink.open(never());
  } catch (error) {
    assert.ok(error instanceof WeirError, 'open rejects with a WeirError');
  }
}

function checkOutcome(outcome: SinkOutcome, rowCount: number): void {
  if (outcome.kind === 'delivered') return;
  assert.ok(outcome.failure.message !== '', `says why: ${outcome.failure.message}`);
  if (outcome.kind === 'retry') {
    assert.ok(outcome.afterMs === null || outcome.afterMs >= 0, 'a delay is not negative');
    return;
  }
  const rows = [...outcome.rows];
  assert.equal(
    rows.length === 0,
    outcome.isWhole,
    'rows are named, or the payload is refused whole',
  );
  assert.ok(
    rows.every((row, i) => row < rowCount && (i === 0 || row > (rows[i - 1] as number))),
    'rows are ascending and of the payload',
  );
}

const never = (): AbortSignal => new AbortController().signal;

const rowsOf = (name: string, count: number, filler = ''): string[] =>
  Array.from({ length: count }, (_, row) => JSON.stringify({ test: name, row, filler }));

/** Delivery is at least once: of repeated rows the first counts. */
const unique = (rows: readonly string[]): string[] => [...new Set(rows)];
