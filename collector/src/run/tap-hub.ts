// Live taps: what is watched right now, asked for with each batch, and the rows that come back. A
// tap never holds the pipeline up: what is beyond its rate, or what its reader does not take, is
// dropped for the tap alone and counted. Nobody watching costs a comparison a batch.
import {
  type Clock,
  type GraphDocument,
  LIMITS,
  type SinkState,
  type TappedRows,
  type TapRequest,
} from '@weir/pipeline';
import { nearestOf } from '@weir/pipeline/config';
import { type GraphView, sinksBehind, tappableNames, viewOfGraph } from './graph-view.js';
import { TokenBucket } from './token-bucket.js';

export interface TapHubOptions {
  readonly graph: GraphDocument;
  readonly clock: Clock;
  /** What is wrong with a CEL condition, null when nothing is. */
  readonly checkCondition: (condition: string) => string | null;
  /** Of the sinks behind a component, one that is `ok` is watched. Default: the first one. */
  readonly sinkState?: (sink: string) => SinkState;
}

export interface TapWish {
  /** Source, transform, `<route>.<output>` or sink; null: the first sink. */
  readonly component: string | null;
  /** CEL condition; null takes every event. */
  readonly condition: string | null;
  readonly ratePerSecond: number;
  /** Ends after so many events; null: when its reader goes. */
  readonly count: number | null;
}

export interface TapCounts {
  /** Events that matched while the tap was open. */
  readonly matched: number;
  readonly shown: number;
  readonly droppedByRate: number;
  /** Its reader was too slow. */
  readonly droppedByReader: number;
}

/** Who gets the rows. Neither waits. */
export interface TapReader {
  /** No row would be taken now: none is copied for it. */
  readonly isFull: boolean;
  /** One JSON text. False: there is no room, the row is dropped for this tap. */
  line(text: string): boolean;
  /** After each batch that had something for the tap. */
  counts(counts: TapCounts): void;
  /** The count was reached, the collector stops, or the reason that is given. */
  end(counts: TapCounts, reason?: string): void;
}

export interface OpenedTap {
  readonly kind: 'opened';
  readonly id: number;
  readonly component: string;
  /** The events are those on their way to this sink. */
  readonly sink: string;
  /** Everything that can be tapped. */
  readonly components: readonly string[];
  close(): void;
}

export interface RefusedTap {
  readonly kind: 'unknown_component' | 'bad_condition' | 'too_many_taps';
  readonly message: string;
}

interface Tap {
  readonly id: number;
  readonly component: string;
  readonly sink: string;
  readonly condition: string | null;
  readonly bucket: TokenBucket;
  readonly reader: TapReader;
  left: number;
  readonly counts: { -readonly [Key in keyof TapCounts]: TapCounts[Key] };
}

const NOTHING: readonly TapRequest[] = [];

export class TapHub {
  readonly #options: TapHubOptions;
  readonly #view: GraphView;
  readonly #taps = new Map<number, Tap>();
  #nextId = 1;

  constructor(options: TapHubOptions) {
    this.#options = options;
    this.#view = viewOfGraph(options.graph);
  }

  get tapCount(): number {
    return this.#taps.size;
  }

  open(wish: TapWish, reader: TapReader): OpenedTap | RefusedTap {
    const components = tappableNames(this.#view);
    const component = wish.component ?? this.#firstSink();
    if (!components.includes(component)) return this.#unknown(component, components);
    const sink = this.#sinkFor(component);
    if (sink === null) {
      return {
        kind: 'unknown_component',
        message: `no sink takes the events of ${component}, so they are not processed`,
      };
    }
    const problem = wish.condition === null ? null : this.#options.checkCondition(wish.condition);
    if (problem !== null) return { kind: 'bad_condition', message: problem };
    if (this.#taps.size >= LIMITS.tapsMax) {
      return { kind: 'too_many_taps', message: `at most ${LIMITS.tapsMax} taps at once` };
    }
    const id = this.#nextId++;
    this.#taps.set(id, {
      id,
      component,
      sink,
      condition: wish.condition,
      bucket: new TokenBucket(wish.ratePerSecond, this.#options.clock),
      reader,
      left: wish.count ?? Number.POSITIVE_INFINITY,
      counts: { matched: 0, shown: 0, droppedByRate: 0, droppedByReader: 0 },
    });
    return { kind: 'opened', id, component, sink, components, close: () => this.#taps.delete(id) };
  }

  /** Ends a tap from the collector's side; its reader gets the counts. False: no such tap. */
  end(id: number, reason?: string): boolean {
    const tap = this.#taps.get(id);
    if (tap === undefined) return false;
    this.#taps.delete(id);
    tap.reader.end({ ...tap.counts }, reason);
    return true;
  }

  endAll(): void {
    for (const id of [...this.#taps.keys()]) this.end(id);
  }

  /**
   * For the option `taps` of a sink's OrderedProcessor. Each tap is asked for on the way to one
   * sink only, or its events would be shown once for each sink.
   */
  requests(sink: string): readonly TapRequest[] {
    if (this.#taps.size === 0) return NOTHING;
    const requests: TapRequest[] = [];
    for (const tap of this.#taps.values()) {
      if (tap.sink !== sink) continue;
      const { id, component, condition, reader } = tap;
      const available = reader.isFull ? 0 : tap.bucket.available;
      const rowsMax = Math.min(available, tap.left, LIMITS.batchEventCountMax);
      requests.push({ id, component, condition, rowsMax });
    }
    return requests;
  }

  /** Takes EncodedBatch.tapped of each batch that had any. */
  offer(tapped: readonly TappedRows[]): void {
    for (const rows of tapped) {
      const tap = this.#taps.get(rows.id);
      if (tap !== undefined) this.#give(tap, rows);
    }
  }

  #give(tap: Tap, { lines, matchedEvents }: TappedRows): void {
    const { counts, reader } = tap;
    if (matchedEvents === 0) return;
    const wanted = Math.min(lines.length, tap.left);
    const granted = tap.bucket.take(wanted);
    let shown = 0;
    for (const line of lines.slice(0, granted)) if (reader.line(line)) shown++;
    counts.matched += matchedEvents;
    counts.shown += shown;
    const isUntaken = lines.length === 0 && reader.isFull;
    counts.droppedByReader += isUntaken ? matchedEvents : granted - shown;
    // Behind the last one that was asked for nothing is dropped: nobody wanted it.
    const isLast = granted === tap.left;
    if (!isLast && !isUntaken) counts.droppedByRate += matchedEvents - granted;
    tap.left -= granted;
    if (tap.left === 0) this.end(tap.id);
    else reader.counts({ ...counts });
  }

  #firstSink(): string {
    return this.#view.nodes.find(({ kind }) => kind === 'sink')?.id ?? '';
  }

  #sinkFor(component: string): string | null {
    const sinks = sinksBehind(this.#view, component);
    const isOk = (sink: string): boolean => this.#options.sinkState?.(sink) === 'ok';
    return sinks.find(isOk) ?? sinks[0] ?? null;
  }

  #unknown(component: string, components: readonly string[]): RefusedTap {
    const nearest = nearestOf(component, components);
    const hint =
      nearest === null ? `components: ${components.join(', ')}` : `did you mean ${nearest}?`;
    return { kind: 'unknown_component', message: `no component ${component}; ${hint}` };
  }
}
