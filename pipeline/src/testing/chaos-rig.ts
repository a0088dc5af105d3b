// What chaos tests have in common: batches of texts, the encoding of chaos-worker.ts for rows that
// are put aside, and a check of a result against what it has to be.
import { allocateBytes, type SequencedBatch } from '../batch.js';
import type { EncodedBatch } from '../component.js';
import type { QuarantineRows } from '../runtime/isolation.js';
import { markName, type QuarantineReason } from '../taxonomy.js';

export function chaosBatch(
  texts: readonly string[],
  more: Partial<SequencedBatch> = {},
): SequencedBatch {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const offsets = new Uint32Array(texts.length + 1);
  encoded.forEach((text, i) => {
    offsets[i + 1] = (offsets[i] as number) + text.length;
  });
  const bytes = allocateBytes(offsets[texts.length] as number);
  encoded.forEach((text, i) => {
    bytes.set(text, offsets[i]);
  });
  return {
    tenant: 'default',
    stream: 'node/syslog/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_790_000_000_000_000_000n,
    eventCount: texts.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: texts.length, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch: 1n,
    seqFirst: 0,
    ...more,
  };
}

/** The same lines as the worker's, in the other block. */
export const chaosQuarantine: QuarantineRows = (batch, mark, skipSeqs) => {
  const seqs: number[] = [];
  const lines: string[] = [];
  for (let row = 0; row < batch.eventCount; row++) {
    const seq = batch.seqFirst + row;
    seqs.push(seq);
    const raw = batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]);
    if (!skipSeqs?.includes(seq)) lines.push(`${seq} ${new TextDecoder().decode(raw)}\n`);
  }
  return {
    events: null,
    quarantine: { rowCount: lines.length, bytes: new TextEncoder().encode(lines.join('')) },
    quarantinedSeqs: Float64Array.from(seqs),
    quarantinedByReason: { [markName(mark) as QuarantineReason]: seqs.length },
    filtered: [],
  };
};

export interface ChaosResult {
  readonly events: readonly string[];
  readonly quarantine: readonly string[];
  readonly quarantinedSeqs: readonly number[];
  readonly quarantinedByReason: EncodedBatch['quarantinedByReason'];
}

export function chaosResult(encoded: EncodedBatch): ChaosResult {
  const linesOf = (block: EncodedBatch['events']): string[] =>
    block === null ? [] : new TextDecoder().decode(block.bytes).split('\n').slice(0, -1);
  return {
    events: linesOf(encoded.events),
    quarantine: linesOf(encoded.quarantine),
    quarantinedSeqs: [...encoded.quarantinedSeqs],
    quarantinedByReason: encoded.quarantinedByReason,
  };
}

/** `texts` with the rows in `bad` put aside. */
export function chaosExpected(
  texts: readonly string[],
  seqFirst: number,
  bad: ReadonlySet<number>,
): ChaosResult {
  const lines = texts.map((text, row) => `${seqFirst + row} ${text}`);
  const badRows = texts.map((_, row) => row).filter((row) => bad.has(row));
  return {
    events: lines.filter((_, row) => !bad.has(row)),
    quarantine: badRows.map((row) => lines[row] as string),
    quarantinedSeqs: badRows.map((row) => seqFirst + row),
    quarantinedByReason: badRows.length === 0 ? {} : { component_failed: badRows.length },
  };
}
