// Sends archived events to a Weir under their first identity. The receiver knows what it has, so
// this can be done again, and go on where it was broken off, as often as one likes.
import { type Clock, type SequencedBatch, type Sink, type Timers, WeirError } from '@weir/pipeline';
import { encodeFrames } from '@weir/sinks/weir/frames';
import { archivedEventOf } from './archived-event.js';
import { Batcher, halve } from './frames.js';

export interface ArchiveFile {
  readonly name: string;
  /** Calls `use` with its lines and waits for it. */
  read(use: (lines: AsyncIterable<string>) => Promise<void>): Promise<void>;
}

export interface ReplayReport {
  files: number;
  /** Events that the receiver has, now or from before. */
  events: number;
  /** That the archive held again. */
  repeated: number;
  /** That are no events of a sink of Weir. */
  otherLines: number;
}

export interface ReplayOptions {
  readonly files: AsyncIterable<ArchiveFile>;
  /** Of frames. Null: nothing is sent. */
  readonly sink: Sink | null;
  /** How long the receiver may be away at a time. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly onFile: (name: string, report: ReplayReport) => void;
}

const WRITE_BATCHES = 64;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 5_000;
const CONFLICT = 409;

/** Rejects with WEIR_SINK_UNREACHABLE or WEIR_SINK_REJECTED when it cannot go on. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const report: ReplayReport = { files: 0, events: 0, repeated: 0, otherLines: 0 };
  const batcher = new Batcher();
  const sender = new Sender(options, report);
  for await (const file of options.files) {
    await file.read(async (lines) => {
      for await (const line of lines) {
        const event = archivedEventOf(line);
        if (event === null) report.otherLines++;
        else await sender.add(batcher.add(event));
      }
    });
    // A batch never spans files: what is sent does not depend on which of them are read.
    await sender.add(batcher.flush());
    await sender.flush();
    report.files++;
    report.repeated = batcher.repeatedCount;
    options.onFile(file.name, report);
  }
  return report;
}

class Sender {
  readonly #options: ReplayOptions;
  readonly #report: ReplayReport;
  #waiting: SequencedBatch[] = [];

  constructor(options: ReplayOptions, report: ReplayReport) {
    this.#options = options;
    this.#report = report;
  }

  async add(batch: SequencedBatch | null): Promise<void> {
    if (batch === null) return;
    this.#waiting.push(batch);
    if (this.#waiting.length >= WRITE_BATCHES) await this.flush();
  }

  async flush(): Promise<void> {
    const batches = this.#waiting;
    this.#waiting = [];
    await this.#send(batches);
  }

  /** Where the receiver has a batch in part, smaller ones are tried. */
  async #send(batches: readonly SequencedBatch[]): Promise<void> {
    if (batches.length === 0) return;
    const conflict = await this.#write(batches);
    if (conflict === null) {
      this.#report.events += batches.reduce((sum, { eventCount }) => sum + eventCount, 0);
      return;
    }
    if (batches.length > 1) {
      for (const batch of batches) await this.#send([batch]);
      return;
    }
    const halves = halve(batches[0] as SequencedBatch);
    if (halves === null) throw new WeirError('WEIR_SINK_REJECTED', conflict);
    for (const half of halves) await this.#send([half]);
  }

  /** Null when all of it is there; else what the receiver says is in conflict. */
  async #write(batches: readonly SequencedBatch[]): Promise<string | null> {
    const { sink, signal, clock, timers, patienceMs } = this.#options;
    if (sink === null) return null;
    const blocks = batches.flatMap((batch) => encodeFrames(null, batch).events?.bytes ?? []);
    const byteCount = blocks.reduce((sum, { length }) => sum + length, 0);
    const endMs = clock.monotonicMs() + patienceMs;
    for (let delayMs = RETRY_MS_MIN; ; delayMs = Math.min(2 * delayMs, RETRY_MS_MAX)) {
      const outcome = await sink.write({ blocks, rowCount: blocks.length, byteCount }, signal);
      if (outcome.kind === 'delivered') return null;
      const { code, message, details } = outcome.failure;
      if (details.status === CONFLICT) return message;
      const isOver = clock.monotonicMs() >= endMs || outcome.kind === 'rejected';
      if (isOver || isRefusal(details.status)) throw new WeirError(code, message, details);
      await timers.sleep('afterMs' in outcome ? (outcome.afterMs ?? delayMs) : delayMs, signal);
    }
  }
}

/** What waiting does not mend. */
const isRefusal = (status: unknown): boolean =>
  typeof status === 'number' && status >= 400 && status < 500 && status !== 429 && status !== 408;
