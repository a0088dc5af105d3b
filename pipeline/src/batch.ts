// Batches: bytes plus offsets, later columns of spans into those bytes. One object a batch, none an
// event. Whoever holds a batch owns its memory; posting it to a worker moves it.
import { assert } from './errors.js';
import { LIMITS } from './limits.js';
import type { DispositionCause } from './taxonomy.js';

/**
 * How the bytes of a batch are to be read. It is durable in the frame, so a replay reads the same.
 */
export type InputFormat = 'syslog' | 'json';

/** A stretch of neighbouring events in one batch that came from the same source. */
export interface SourceRun {
  readonly eventCount: number;
  /** Peer address as text: at most 61 characters, an IPv6 address with its zone. */
  readonly source: string;
  /** Dense number of the run's first event among the events of this source, from 0. */
  readonly sourceSeqFirst: number;
  /** Parser state captured at framing, for instance Zeek's `#fields`; empty where there is none. */
  readonly context: string;
}

/** Part of a keyed HTTP request that stands in this batch (design 4, sender retries). */
export interface RequestPart {
  /** The Idempotency-Key as sent: `producer/epoch/firstSeq`. */
  readonly key: string;
  /** SHA-256 of the decoded body. */
  readonly bodySha256: Uint8Array;
  /** Index in this batch of the first event of the part. */
  readonly eventIndexFirst: number;
  readonly eventCount: number;
  /** Index within the request of that first event. */
  readonly itemIndexFirst: number;
  /** Number of events in the whole request. */
  readonly itemCount: number;
}

/** What became of numbers that never reach a row, or of events that never got a number. */
export interface Disposition {
  readonly kind: 'filtered' | 'lost' | 'refused';
  readonly cause: DispositionCause;
  /** For filtered and lost: the numbers, as [first, last] pairs, ascending. Empty for refused. */
  readonly seqRanges: readonly (readonly [number, number])[];
  /** filtered, lost: how many numbers. refused: running total of this (stream, epoch, cause). */
  readonly eventCount: number;
}

/** As received. Event i is `bytes[offsets[i], offsets[i + 1])`. */
export interface RawBatch {
  readonly tenant: string;
  /** `<node>/<listener>/<shard>`, or an agent's id. */
  readonly stream: string;
  readonly retentionClass: string;
  readonly format: InputFormat;
  /** Wall clock when the batch was closed, ns since 1970. It becomes `ingest_time`. */
  readonly receivedAtNs: bigint;
  readonly eventCount: number;
  /** Events back to back. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** eventCount + 1 entries. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /**
   * What framing noticed, sparse: [event index, MarkCode, original length in bytes]*, ascending.
   */
  readonly marks: Uint32Array<ArrayBuffer>;
  /** In order; their eventCounts add up to eventCount. sourceSeqFirst is 0 until sequenced. */
  readonly runs: readonly SourceRun[];
  readonly requestParts: readonly RequestPart[];
  readonly dispositions: readonly Disposition[];
}

/** After admission. Event i has the number seqFirst + i in (tenant, stream, epoch), for ever. */
export interface SequencedBatch extends RawBatch {
  /** Process start: counter << 32 | random. */
  readonly epoch: bigint;
  /** Dense from 0. Numbers stay below 2^53, so a JS number holds them exactly. */
  readonly seqFirst: number;
  /** Of events from quarantine: how often they have been parsed again, this time included. */
  readonly attempt?: number;
}

/** Row i of every column is event i. `field` is a FieldId of schema/fields.ts. */
export type Column =
  /** start, end pairs into bytes, or into scratch where start >= bytes.length. 0,0 means absent. */
  | { readonly kind: 'span'; readonly field: number; readonly spans: Uint32Array<ArrayBuffer> }
  /** NaN means absent. Integers up to 2^53 are exact. */
  | { readonly kind: 'number'; readonly field: number; readonly values: Float64Array<ArrayBuffer> }
  /** Index into dictionary; 0 is the empty string and means absent. */
  | {
      readonly kind: 'code';
      readonly field: number;
      readonly codes: Uint16Array<ArrayBuffer>;
      readonly dictionary: readonly string[];
    };

/** Rows are marked, never removed: rows in = rows out. */
export const STATUS = { parsed: 0, partial: 1, unparsed: 2, filtered: 3 } as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** Why a row with STATUS.filtered goes no further. */
export interface FilterCause {
  /** `lost` only for rows that another node declared lost before it forwarded the frame. */
  readonly kind: 'filtered' | 'lost';
  readonly cause: DispositionCause;
}

/** Columns of spans over a batch's bytes. */
export interface EventBatch {
  readonly raw: RawBatch;
  /** Derived text that does not stand in the bytes, for instance an unescaped value. */
  readonly scratch: Uint8Array<ArrayBuffer>;
  /** One Status an event. */
  readonly status: Uint8Array<ArrayBuffer>;
  /** Only columns in which at least one row has a value. */
  readonly columns: readonly Column[];
  /** Keys with no column: [event, keyStart, keyEnd, valueStart, valueEnd]*, ascending by event. */
  readonly unmapped: Uint32Array<ArrayBuffer>;
  /** [event index, MarkCode, byte offset in the event]*, ascending; framing's marks included. */
  readonly marks: Uint32Array<ArrayBuffer>;
  /** One MarkCode an event: the reason it goes to quarantine; 0 means it goes to events. */
  readonly quarantine: Uint8Array<ArrayBuffer>;
  /** Per event: index into `parsers`. */
  readonly parserIndex: Uint8Array<ArrayBuffer>;
  readonly parsers: readonly { readonly name: string; readonly version: string }[];
  /** For rows with STATUS.filtered: index into `causes`. Absent where no component filters. */
  readonly filteredBy?: {
    readonly causeIndex: Uint16Array<ArrayBuffer>;
    readonly causes: readonly FilterCause[];
  };
}

/**
 * A byte array that owns its buffer, so that it can be moved to a worker and nothing else goes
 * along.
 */
export function allocateBytes(byteCount: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(byteCount));
  assert(bytes.byteOffset === 0, 'a batch owns its buffer');
  return bytes;
}

/** Ends the process on a malformed batch: such a batch is a defect of ours, never of a sender. */
export function assertBatch(batch: RawBatch): void {
  assert(batch.offsets.length === batch.eventCount + 1, 'offsets has eventCount + 1 entries');
  assert(batch.eventCount <= LIMITS.batchEventCountMax, 'batch is within its event limit');
  assert(batch.offsets[batch.eventCount] === batch.bytes.length, 'offsets end where bytes end');
  let runEvents = 0;
  for (const run of batch.runs) runEvents += run.eventCount;
  assert(runEvents === batch.eventCount, 'runs cover the batch');
}
