// Copies of events for those who watch: made only while someone does.
import {
  type Adds,
  type Condition,
  compileCondition,
  type LiveRow,
  rawFields,
  type SequencedBatch,
  type TappedRows,
  type TapRequest,
} from '@weir/pipeline';
import { stringifyEvent } from '@weir/sinks/ndjson';

const CONDITIONS_MAX = 64;
const holdsAlways: Condition = () => true;
const holdsNever: Condition = () => false;

/** Compiled conditions of taps, by text. */
export class TapConditions {
  readonly #adds: Adds;
  readonly #known = new Map<string, Condition>();

  constructor(adds: Adds) {
    this.#adds = adds;
  }

  of(text: string | null): Condition {
    if (text === null) return holdsAlways;
    let condition = this.#known.get(text);
    if (condition === undefined) {
      if (this.#known.size >= CONDITIONS_MAX) this.#known.clear();
      condition = this.#compile(text);
      this.#known.set(text, condition);
    }
    return condition;
  }

  /** The main thread has refused a wrong condition; a tap is no reason to fail a batch. */
  #compile(text: string): Condition {
    try {
      return compileCondition(text, { adds: this.#adds, isOpen: true });
    } catch {
      return holdsNever;
    }
  }
}

/** One tap on one batch. */
export class Tap {
  readonly #request: TapRequest;
  readonly #condition: Condition;
  readonly #lines: string[] = [];
  #matchedEvents = 0;

  constructor(request: TapRequest, condition: Condition) {
    this.#request = request;
    this.#condition = condition;
  }

  offer(row: LiveRow): void {
    this.#offer(row, () => row.toOcsf());
  }

  /** Before parsing there are only bytes. */
  offerRaw(row: LiveRow): void {
    this.#offer(row, () => rawFields(row.rawBytes()));
  }

  #offer(row: LiveRow, eventOf: () => Readonly<Record<string, unknown>>): void {
    if (!this.#condition(row)) return;
    this.#matchedEvents++;
    if (this.#lines.length >= this.#request.rowsMax) return;
    this.#lines.push(stringifyEvent({ source: row.source, ...eventOf() }));
  }

  take(): TappedRows {
    return { id: this.#request.id, lines: this.#lines, matchedEvents: this.#matchedEvents };
  }
}

/** The taps of one batch by the place where they listen. */
export class BatchTaps {
  readonly all: Tap[] = [];
  readonly raw: Tap[] = [];
  /** By index of the step; of a route, each with the output it listens to or null for all. */
  readonly #atSteps = new Map<number, { readonly tap: Tap; readonly output: string | null }[]>();
  readonly atSink: Tap[] = [];
  readonly #skipped: ReadonlySet<number>;
  readonly #seqFirst: number;

  constructor(
    requests: readonly TapRequest[],
    conditions: TapConditions,
    way: { readonly source: string; readonly sink: string; readonly stepIds: readonly string[] },
    batch: SequencedBatch,
    skipSeqs: Float64Array | null,
  ) {
    this.#skipped = new Set(skipSeqs);
    this.#seqFirst = batch.seqFirst;
    for (const request of requests) {
      const [id = '', output = null] = request.component.split('.', 2);
      const step = way.stepIds.indexOf(id);
      if (step < 0 && id !== way.source && id !== way.sink) continue;
      const tap = new Tap(request, conditions.of(request.condition));
      this.all.push(tap);
      if (id === way.source) this.raw.push(tap);
      else if (id === way.sink) this.atSink.push(tap);
      else this.#atSteps.set(step, [...(this.#atSteps.get(step) ?? []), { tap, output }]);
    }
  }

  atStep(step: number, output: string, row: LiveRow): void {
    for (const listener of this.#atSteps.get(step) ?? [])
      if (listener.output === null || listener.output === output) listener.tap.offer(row);
  }

  /** Rows that are stored already are not encoded again. */
  encoded(row: LiveRow): void {
    if (this.#skipped.has(this.#seqFirst + row.row)) return;
    for (const tap of this.atSink) tap.offer(row);
  }
}
