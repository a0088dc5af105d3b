// Contracts of the components: source, parser, sink, and the buffer between them.
import type { Disposition, EventBatch, RawBatch, SequencedBatch, SourceRun } from './batch.js';
import type { QuarantineReason } from './taxonomy.js';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** Position of a frame in the spool; totally ordered by (segmentId, frameNo). */
export interface FramePosition {
  readonly segmentId: number;
  readonly frameNo: number;
}

export interface SpooledBatch {
  readonly position: FramePosition;
  readonly batch: SequencedBatch;
}

/** Accepts sequenced batches and keeps them. */
export interface BatchBuffer {
  /**
   * Resolves after the fdatasync that covers the batch; batches are written in call order. Waits
   * while the buffer is full. Rejects with WEIR_SPOOL_IO or WEIR_SPOOL_CLOSED: then nothing may be
   * acked. `waitedMs`: for how long the oldest event has waited already; it is to be made durable
   * the sooner.
   */
  append(batch: SequencedBatch, waitedMs?: number): Promise<FramePosition>;
  /** True while appends would wait for space. */
  readonly isFull: boolean;
}

/** A named reader of the buffer with a frontier of its own. Sees only what is durable. */
export interface Consumer {
  readonly name: string;
  /**
   * Next batch in log order, or null once the signal aborts or the buffer closes. The caller owns
   * it.
   */
  read(signal: AbortSignal): Promise<SpooledBatch | null>;
  /** Starts reading again behind the frontier; used after an uncertain insert. */
  rewind(): void;
  /** Durably moves the frontier: everything up to and including `position` is done with. */
  settle(position: FramePosition): Promise<void>;
  /** Last settled position, null before the first. */
  readonly frontier: FramePosition | null;
  /** Frames that are durable and not settled. */
  readonly pendingFrameCount: number;
  readonly pendingEventCount: number;
}

/** Numbers batches. One owner per stream, strictly in order. */
export interface Sequencer {
  readonly epoch: bigint;
  assign(batch: RawBatch): SequencedBatch;
  /** Highest number given per stream, -1 for none. */
  issued(): ReadonlyMap<string, number>;
}

/**
 * A parser turns the bytes of one event into columns: synchronous, stateless, any worker, never
 * throws on input. It must look only at batch.bytes[start, end).
 */
export interface Parser {
  readonly name: string;
  readonly version: string;
  parse(batch: RawBatch, row: number, start: number, end: number, out: BatchWriter): ParseVerdict;
}
/** `no`: not mine, nothing was written for the row. */
export type ParseVerdict = 'parsed' | 'partial' | 'failed' | 'no';

/** Where parsers write. Pooled and reused by the runtime. Positions are absolute in batch.bytes. */
export interface BatchWriter {
  span(row: number, field: number, start: number, end: number): void;
  /** Copies derived text into scratch and points the row at it. */
  text(row: number, field: number, text: string): void;
  number(row: number, field: number, value: number): void;
  code(row: number, field: number, value: string): void;
  /** A key with no column, by spans; values that need unescaping go through scratchText first. */
  unmapped(
    row: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** Copies text into scratch; returns its absolute start. Its end is start + returned length. */
  scratchText(text: string): { readonly start: number; readonly end: number };
  /** Notes something about a row that stays in events. `offset` counts from the event's start. */
  mark(row: number, mark: number, offset: number): void;
  /** Sends the row to quarantine for this reason; the mark is noted as well. First call wins. */
  reject(row: number, mark: number, offset: number): void;
}

/** What a worker makes of a batch for one sink. */
export interface EncodedBatch {
  /** Rows for the sink; null when there are none. */
  readonly events: EncodedBlock | null;
  /** Rows for quarantine, with their reason and raw bytes. */
  readonly quarantine: EncodedBlock | null;
  /**
   * Numbers that went to quarantine, ascending. All others of the batch are in events or filtered.
   */
  readonly quarantinedSeqs: Float64Array<ArrayBuffer>;
  readonly quarantinedByReason: Readonly<Partial<Record<QuarantineReason, number>>>;
  /** One disposition for each component that filtered, with cause `filter:<component id>`. */
  readonly filtered: readonly Disposition[];
  /** What each transform on the way did with the batch; absent where there is none. */
  readonly steps?: readonly StepCounts[];
  /** Rows that someone watches live; absent when nobody does. */
  readonly tapped?: readonly TappedRows[];
  /** Memory of the batch, which the worker has no use for any more. */
  readonly spentInput?: ArrayBuffer;
}

/**
 * Rows in the encoding of their sink: a block in ClickHouse's Native format, NDJSON lines, or
 * frames. Blocks of one encoding one after the other are valid, too.
 */
export interface EncodedBlock {
  readonly rowCount: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Events through one transform, for its metrics. */
export interface StepCounts {
  readonly component: string;
  readonly receivedEvents: number;
  readonly sentEvents: number;
  /**
   * Events on which the component threw. They are in quarantine as `component_failed`; those of an
   * enricher go on without what it adds, marked `component_failed`.
   */
  readonly failedEvents: number;
  /** What the first of those throws said; absent when there was none. */
  readonly firstError?: string;
}

/** Asks a worker for copies of events as they leave a component. */
export interface TapRequest {
  readonly id: number;
  /** Id of a source, transform or sink; a route's output is `<id>.<route>`. */
  readonly component: string;
  /** CEL condition; null takes every event. */
  readonly condition: string | null;
  readonly rowsMax: number;
}

export interface TappedRows {
  readonly id: number;
  /** One JSON text an event, without line end. */
  readonly lines: readonly string[];
  /** Events that matched, also those beyond rowsMax. */
  readonly matchedEvents: number;
}

/**
 * A table that transforms look up in, as one piece of memory that all workers share. Nobody writes
 * to it any more; a new file gives a new one.
 */
export interface SharedTable {
  /** Names the file and how it is read. */
  readonly key: string;
  /** Counts up with each table of the key. */
  readonly version: number;
  readonly bytes: SharedArrayBuffer;
}

/** What a worker is asked to do: the way of one batch to one sink. */
export interface ProcessTask {
  readonly batch: SequencedBatch;
  /** Component id of the sink. */
  readonly sink: string;
  /** Numbers that are stored already; no row is made for them. Ascending. */
  readonly skipSeqs: Float64Array | null;
  readonly taps: readonly TapRequest[];
  /** Tables of the graph as they are now; the whole batch sees these. Absent: it has none. */
  readonly tables?: readonly SharedTable[];
  /** Memory for the rows, moved to the worker; null or too small: it takes its own. */
  readonly spare: ArrayBuffer | null;
  /** Pack to parse with in the place of the way's own parser; absent: as the graph says. */
  readonly pack?: string;
}

/** Parses and encodes batches on the worker pool. */
export interface BatchProcessor {
  /**
   * Resolves in submission order per stream. `skipSeqs`: numbers that are stored already and must
   * not be encoded again (ascending), used after an uncertain insert.
   */
  process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch>;
  /** Gives back the memory of rows that were delivered; nobody may look at them any more. */
  recycle?(encoded: EncodedBatch): void;
}

export type { Disposition, EventBatch, SourceRun };
