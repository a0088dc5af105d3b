// Batches and a processor for tests: an event's text says what becomes of it. `bad ...` goes to
// quarantine, `drop ...` is filtered, everything else is stored.
import {
  type BatchProcessor,
  type Disposition,
  type EventBatch,
  FIELD,
  MARK,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { encodeBatch } from '../native/index.js';

export interface SampleBatchOptions {
  readonly texts: readonly string[];
  readonly seqFirst: number;
  readonly epoch?: bigint;
  readonly stream?: string;
  readonly tenant?: string;
  readonly retentionClass?: string;
  /** Default: the start of today (UTC), since rows beyond the retention vanish at once. */
  readonly receivedAtNs?: bigint;
  readonly dispositions?: readonly Disposition[];
}

const NS_PER_DAY = 86_400_000_000_000n;
export const SAMPLE_TIME_NS = (nodeClock.nowNs() / NS_PER_DAY) * NS_PER_DAY;

export function sampleBatch(options: SampleBatchOptions): SequencedBatch {
  const { texts, seqFirst } = options;
  const bytes = new TextEncoder().encode(texts.join(''));
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => {
    offsets[i + 1] = (offsets[i] as number) + Buffer.byteLength(text);
  });
  return {
    tenant: options.tenant ?? 'default',
    stream: options.stream ?? 'node/syslog/0',
    epoch: options.epoch ?? 1n,
    seqFirst,
    retentionClass: options.retentionClass ?? 'default',
    format: 'syslog',
    receivedAtNs: options.receivedAtNs ?? SAMPLE_TIME_NS,
    eventCount: texts.length,
    bytes: bytes as Uint8Array<ArrayBuffer>,
    offsets,
    marks: new Uint32Array(0),
    runs: [
      { eventCount: texts.length, source: '192.0.2.1', sourceSeqFirst: seqFirst, context: '' },
    ],
    requestParts: [],
    dispositions: options.dispositions ?? [],
  };
}

/** As a parser would make it: the whole text is the message. */
export function sampleEvents(batch: SequencedBatch): EventBatch {
  const { eventCount, offsets, bytes } = batch;
  const status = new Uint8Array(eventCount);
  const quarantine = new Uint8Array(eventCount);
  const spans = new Uint32Array(eventCount * 2);
  const decoder = new TextDecoder();
  for (let row = 0; row < eventCount; row++) {
    const [start, end] = [offsets[row] as number, offsets[row + 1] as number];
    spans.set([start, end], row * 2);
    const text = decoder.decode(bytes.subarray(start, end));
    if (text.startsWith('bad')) quarantine[row] = MARK.parse_error;
    if (text.startsWith('drop')) status[row] = STATUS.filtered;
  }
  return {
    raw: batch,
    scratch: new Uint8Array(0),
    status,
    columns: [{ kind: 'span', field: FIELD.message, spans }],
    unmapped: new Uint32Array(0),
    marks: new Uint32Array(0),
    quarantine,
    parserIndex: new Uint8Array(eventCount),
    parsers: [{ name: 'sample', version: '1' }],
  };
}

export function sampleProcessor(): BatchProcessor {
  return {
    process: async (batch, skipSeqs) => encodeBatch(sampleEvents(batch), batch, skipSeqs, 'full'),
  };
}
