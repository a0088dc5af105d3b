// Gets rows to the other side: opens the sink, tries for ever with growing delays, and finds out by
// halving which rows are refused. A server that refuses every row is tried again as well.
import type { FailureRecord, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { toFailure } from '@weir/pipeline';
import { Backoff, throwIfAborted } from './backoff.js';
import type { Health } from './health.js';
import type { DeliveryLimits, DeliveryOptions } from './options.js';
import {
  halve,
  type Piece,
  partsOf,
  payloadOf,
  type RefusedRow,
  refusedRows,
  rowCountOf,
} from './payload.js';
import { Refusals, RefusesAll } from './refusals.js';

export interface Refused {
  readonly row: RefusedRow;
  readonly failure: FailureRecord;
}

type Answer = Exclude<SinkOutcome, { readonly kind: 'retry' }>;

export class Writer {
  readonly #options: DeliveryOptions;
  readonly #limits: DeliveryLimits;
  readonly #health: Health;
  readonly #refusals = new Refusals();
  #isOpen = false;
  sentBytes = 0;

  constructor(options: DeliveryOptions, limits: DeliveryLimits, health: Health) {
    this.#options = options;
    this.#limits = limits;
    this.#health = health;
  }

  /** Tries until the sink is open. Rejects with WEIR_ABORTED only. */
  async open(signal: AbortSignal): Promise<void> {
    const { random, timers } = this.#options;
    const backoff = new Backoff(this.#limits, random, timers);
    for (;;) {
      throwIfAborted(signal);
      const failure = await this.#tryToOpen(signal);
      if (failure === null) return;
      this.#health.failed('writing', 'unreachable', failure.message);
      await backoff.wait(null, signal);
    }
  }

  /** Resolves with the refused rows; all others were taken. Rejects with WEIR_ABORTED only. */
  async write(pieces: readonly Piece[], signal: AbortSignal): Promise<Refused[]> {
    if (pieces.length === 0) return [];
    const { random, timers } = this.#options;
    const backoff = new Backoff(this.#limits, random, timers);
    for (;;) {
      try {
        return await this.#writeParts(pieces, signal);
      } catch (error) {
        if (!(error instanceof RefusesAll)) throw error;
        this.#health.failed('writing', 'retrying', error.message);
      }
      await backoff.wait(null, signal);
    }
  }

  async #writeParts(pieces: readonly Piece[], signal: AbortSignal): Promise<Refused[]> {
    const refused: Refused[] = [];
    const { payloadEventsMax: eventsMax, payloadBytesMax: bytesMax } = this.#limits;
    for (const part of partsOf(pieces, this.#options.encoding, { eventsMax, bytesMax }))
      await this.#writePart(part, refused, signal);
    return refused;
  }

  async #writePart(
    pieces: readonly Piece[],
    refused: Refused[],
    signal: AbortSignal,
  ): Promise<void> {
    const { encoding } = this.#options;
    const answer = await this.#untilAnswered(pieces, signal);
    if (answer.kind === 'delivered') {
      this.#refusals.noteTaken();
      return;
    }
    const { failure, isWhole, rows, rowFailures } = answer;
    if (!isWhole || rows.length > 0) {
      const failureOf = (i: number): FailureRecord => rowFailures?.[i] ?? failure;
      if (rows.length < rowCountOf(pieces)) this.#refusals.noteTaken();
      else rows.forEach((_, i) => void this.#refusals.noteRefused(failureOf(i)));
      for (const [i, row] of refusedRows(pieces, rows, encoding).entries())
        refused.push({ row, failure: failureOf(i) });
      return;
    }
    const halves = halve(pieces, encoding);
    if (halves === null) {
      if (encoding !== 'frames') this.#refusals.noteRefused(failure);
      for (const row of refusedRows(pieces, null, encoding)) refused.push({ row, failure });
      return;
    }
    // Looks for one row that is taken, each time elsewhere.
    if (this.#refusals.isAll && this.#options.random.u32() % 2 === 1) halves.reverse();
    for (const half of halves) await this.#writePart(half, refused, signal);
  }

  async #untilAnswered(pieces: readonly Piece[], signal: AbortSignal): Promise<Answer> {
    const { random, timers } = this.#options;
    const payload = payloadOf(pieces);
    const backoff = new Backoff(this.#limits, random, timers);
    for (;;) {
      throwIfAborted(signal);
      const outcome = await this.#try(payload, signal);
      if (outcome.kind !== 'retry') {
        this.sentBytes += payload.byteCount;
        // An answer to everything that is always no is no progress.
        if (outcome.kind === 'delivered' || !this.#refusals.isAll) this.#health.worked('writing');
        return outcome;
      }
      throwIfAborted(signal);
      const { code, message } = outcome.failure;
      const isAway = code === 'WEIR_SINK_UNREACHABLE' || code === 'WEIR_KAFKA_UNREACHABLE';
      const state = isAway ? 'unreachable' : 'retrying';
      this.#health.failed('writing', state, message);
      await backoff.wait(outcome.afterMs, signal);
    }
  }

  async #try(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const answered = this.#health.asked();
    try {
      const failure = await this.#tryToOpen(signal);
      if (failure !== null) return { kind: 'retry', afterMs: null, failure };
      const outcome = await this.#options.sink.write(payload, signal);
      if (outcome.kind === 'retry') this.#isOpen = false;
      return outcome;
    } finally {
      answered();
    }
  }

  /** Null when it is open. */
  async #tryToOpen(signal: AbortSignal): Promise<FailureRecord | null> {
    try {
      if (!this.#isOpen) await this.#options.sink.open(signal);
      this.#isOpen = true;
      return null;
    } catch (error) {
      return toFailure(error, 'WEIR_SINK_UNREACHABLE');
    }
  }
}
