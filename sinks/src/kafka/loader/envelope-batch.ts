// A message as a batch of the loader. Its rows are encoded already: processing it means to put the
// columns together, without the rows that are stored.
import {
  allocateBytes,
  type BatchProcessor,
  type EncodedBatch,
  type EncodedBlock,
  LIMITS,
  outputMemory,
  type SequencedBatch,
  SpareBuffers,
} from '@weir/pipeline';
import {
  blockOf,
  type NativeColumns,
  type PutAsideMark,
  quarantineWhole,
  rowsOf,
} from '../../clickhouse/index.js';
import type { Envelope } from '../envelope/envelope.js';
import { clipAll } from '../messages/clip.js';
import { seqsOfBlock, textsOfColumn } from './block-rows.js';

export interface EnvelopeBatch extends SequencedBatch {
  readonly envelope: Envelope;
}

const NO_BYTES = allocateBytes(0);
const NO_OFFSETS = new Uint32Array(1);
const NO_MARKS = new Uint32Array(0);

/** The numbers [first, last] of the message. `byteCount` is that of the whole message. */
export function batchOf(envelope: Envelope, first: number, last: number): EnvelopeBatch {
  return {
    tenant: envelope.tenant,
    stream: envelope.stream,
    retentionClass: envelope.retentionClass,
    format: envelope.format,
    receivedAtNs: BigInt(envelope.ingestUs) * 1000n,
    eventCount: last - first + 1,
    bytes: NO_BYTES,
    offsets: NO_OFFSETS,
    marks: NO_MARKS,
    runs: [],
    requestParts: [],
    dispositions: envelope.dispositions,
    epoch: envelope.epoch,
    seqFirst: first,
    envelope,
  };
}

/** Throws a RangeError for columns of another shape than their type says. */
export function encodeEnvelopeBatch(
  batch: SequencedBatch,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  const { envelope, seqFirst, eventCount } = batch as EnvelopeBatch;
  const last = seqFirst + eventCount - 1;
  const isWhole = seqFirst === envelope.seqFirst && eventCount === envelope.eventCount;
  const skip = skipSeqs === null || skipSeqs.length === 0 ? null : new Set(skipSeqs);
  const block = (columns: NativeColumns | null): EncodedBlock | null => {
    if (columns === null) return null;
    if (isWhole && skip === null) return { rowCount: columns.rowCount, bytes: blockOf(columns) };
    const rows: number[] = [];
    seqsOfBlock(columns).forEach((seq, row) => {
      if (seq >= seqFirst && seq <= last && skip?.has(seq) !== true) rows.push(row);
    });
    if (rows.length === 0) return null;
    return { rowCount: rows.length, bytes: blockOf(rowsOf(columns, rows)) };
  };
  return {
    events: block(envelope.events),
    quarantine: block(envelope.quarantine),
    quarantinedSeqs: Float64Array.from(
      envelope.quarantinedSeqs.filter((seq) => seq >= seqFirst && seq <= last),
    ),
    quarantinedByReason: isWhole ? envelope.quarantinedByReason : {},
    filtered: isWhole ? envelope.filtered : clipAll(envelope.filtered, seqFirst, last),
  };
}

/** In read order: nothing waits. Blocks go into memory that earlier ones had. */
export class EnvelopeProcessor implements BatchProcessor {
  readonly #spares = new SpareBuffers(LIMITS.spareBuffersBytesMax);

  async process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch> {
    outputMemory.offer(this.#spares.take());
    return encodeEnvelopeBatch(batch, skipSeqs);
  }

  recycle({ events, quarantine }: EncodedBatch): void {
    for (const block of [events, quarantine])
      if (block !== null) this.#spares.give(block.bytes.buffer);
  }
}

/** As quarantineWhole: rows of a batch that the store refuses, with their bytes. */
export function putEnvelopeAside(
  batch: SequencedBatch,
  mark: PutAsideMark,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  return quarantineWhole(rawBatchOf(batch as EnvelopeBatch), mark, skipSeqs);
}

/** The batch as it was received, from the columns; numbers without a row have no bytes. */
function rawBatchOf(batch: EnvelopeBatch): SequencedBatch {
  const { envelope, seqFirst, eventCount } = batch;
  const texts: (Uint8Array | undefined)[] = [];
  for (const columns of [envelope.events, envelope.quarantine]) {
    if (columns === null) continue;
    const raw = textsOfColumn(columns, 'raw_data');
    seqsOfBlock(columns).forEach((seq, row) => {
      texts[seq - seqFirst] = raw[row];
    });
  }
  const offsets = new Uint32Array(eventCount + 1);
  for (let row = 0; row < eventCount; row++)
    offsets[row + 1] = (offsets[row] as number) + (texts[row]?.length ?? 0);
  const bytes = allocateBytes(offsets[eventCount] as number);
  for (let row = 0; row < eventCount; row++) {
    const text = texts[row];
    if (text !== undefined) bytes.set(text, offsets[row]);
  }
  const { envelope: _, ...rest } = batch;
  return { ...rest, bytes, offsets, runs: runsOf(batch) };
}

/** Of the numbers that the batch has, out of those of the whole message. */
function runsOf({ envelope, seqFirst, eventCount }: EnvelopeBatch): SequencedBatch['runs'] {
  const from = seqFirst - envelope.seqFirst;
  let at = 0;
  return envelope.runs.flatMap((run) => {
    const start = Math.max(at, from);
    const end = Math.min(at + run.eventCount, from + eventCount);
    const skipped = start - at;
    at += run.eventCount;
    if (end <= start) return [];
    const sourceSeqFirst = run.sourceSeqFirst + skipped;
    return [{ ...run, eventCount: end - start, sourceSeqFirst }];
  });
}
