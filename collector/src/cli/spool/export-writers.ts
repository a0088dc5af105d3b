// Batches as NDJSON, as raw bytes, or as frames of the wire.
import { isUtf8 } from 'node:buffer';
import type { SequencedBatch } from '@weir/pipeline';
import { encodeWireFrame, encodeWireHeader, WIRE_LIMITS } from '@weir/spool';
import type { ExportOutput } from './export-output.js';

const ZSTD_LEVEL = 1;
const NEWLINE = Buffer.from('\n');

export interface BatchWriter {
  /** Events [eventFirst, eventEnd) of the batch. */
  write(batch: SequencedBatch, eventFirst: number, eventEnd: number): Promise<void>;
  end(): Promise<void>;
}

export function ndjsonWriter(output: ExportOutput): BatchWriter {
  return {
    async write(batch, eventFirst, eventEnd) {
      const lines: string[] = [];
      for (const event of eventsOf(batch, eventFirst, eventEnd)) lines.push(lineOf(batch, event));
      await output.write(lines.join(''));
    },
    end: () => output.end(),
  };
}

/** `octet` is RFC 6587 section 3.4.1: the length in decimal, a space, the bytes. */
export function rawWriter(output: ExportOutput, framing: 'newline' | 'octet'): BatchWriter {
  return {
    async write(batch, eventFirst, eventEnd) {
      const parts: Uint8Array[] = [];
      for (const { bytes } of eventsOf(batch, eventFirst, eventEnd)) {
        if (framing === 'octet') parts.push(Buffer.from(`${bytes.length} `), bytes);
        else parts.push(bytes, NEWLINE);
      }
      await output.write(Buffer.concat(parts));
    },
    end: () => output.end(),
  };
}

/** A body ends before a limit of the wire is exceeded. Nothing at all where there is no frame. */
export function frameWriter(output: ExportOutput): BatchWriter {
  let frameCount = 0;
  let rawBytes = 0;
  return {
    async write(batch) {
      const batchBytes = batch.bytes.length + batch.eventCount * 4;
      const { framesMax, rawBytesMax } = WIRE_LIMITS;
      if (frameCount >= framesMax || (frameCount > 0 && rawBytes + batchBytes > rawBytesMax)) {
        await output.nextBody();
        frameCount = 0;
        rawBytes = 0;
      }
      if (frameCount === 0) await output.write(encodeWireHeader());
      frameCount++;
      rawBytes += batchBytes;
      await output.write(encodeWireFrame(batch, ZSTD_LEVEL));
    },
    end: () => output.end(),
  };
}

interface ExportedEvent {
  readonly seq: number;
  readonly source: string;
  readonly sourceSeq: number;
  /** A view of the batch. */
  readonly bytes: Uint8Array;
}

function* eventsOf(
  batch: SequencedBatch,
  eventFirst: number,
  eventEnd: number,
): Generator<ExportedEvent, void> {
  let runStart = 0;
  let runIndex = 0;
  for (let i = eventFirst; i < eventEnd; i++) {
    let run = batch.runs[runIndex];
    while (run !== undefined && i >= runStart + run.eventCount) {
      runStart += run.eventCount;
      runIndex++;
      run = batch.runs[runIndex];
    }
    yield {
      seq: batch.seqFirst + i,
      source: run?.source ?? '',
      sourceSeq: (run?.sourceSeqFirst ?? 0) + i - runStart,
      bytes: batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]),
    };
  }
}

function lineOf(batch: SequencedBatch, { seq, source, sourceSeq, bytes }: ExportedEvent): string {
  const { tenant, stream, epoch } = batch;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const isText = isUtf8(buffer);
  const line = {
    tenant,
    stream,
    epoch: String(epoch),
    seq,
    source,
    source_seq: sourceSeq,
    received_at: stampText(batch.receivedAtNs),
    raw: buffer.toString(isText ? 'utf8' : 'base64'),
    ...(isText ? {} : { raw_encoding: 'base64' }),
  };
  return `${JSON.stringify(line)}\n`;
}

const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 in UTC with nanoseconds. */
function stampText(stampNs: bigint): string {
  const seconds = new Date(Number(stampNs / NS_PER_SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(stampNs % NS_PER_SECOND).padStart(9, '0')}Z`;
}
