// A tap as a stream of NDJSON: `{"tap": ...}` first, `{"event": ...}` for each event, `{"counts":
// ...}` now and then, `{"end": ...}` last. Lines that are not taken in time are refused, not kept.
import { Readable } from 'node:stream';
import { LIMITS } from '@weir/pipeline';
import type { OpenedTap, TapCounts, TapReader } from '../tap-hub.js';

/** Counts go out at most so often. */
const COUNTS_INTERVAL_MS = 250;

export class TapStream extends Readable implements TapReader {
  readonly #monotonicMs: () => number;
  #countsMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    super({ highWaterMark: LIMITS.tapBufferBytesMax });
    this.#monotonicMs = monotonicMs;
  }

  override _read(): void {
    // Rows come when they come.
  }

  begin({ id, component, sink, components }: OpenedTap): void {
    this.push(`${JSON.stringify({ tap: { id, component, sink, components } })}\n`);
  }

  get isFull(): boolean {
    return this.readableLength >= LIMITS.tapBufferBytesMax;
  }

  line(text: string): boolean {
    if (this.isFull) return false;
    this.push(`{"event":${text}}\n`);
    return true;
  }

  counts(counts: TapCounts): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#countsMs < COUNTS_INTERVAL_MS) return;
    this.#countsMs = nowMs;
    if (!this.isFull) this.push(`${JSON.stringify({ counts })}\n`);
  }

  end(counts: TapCounts, reason?: string): void {
    this.push(`${JSON.stringify({ end: counts, reason })}\n`);
    this.push(null);
  }
}
