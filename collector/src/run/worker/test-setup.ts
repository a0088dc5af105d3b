// Batches and set-ups for the tests of this folder.
import {
  allocateBytes,
  type Disposition,
  type EncodedBatch,
  type GraphDocument,
  type InputFormat,
  type SequencedBatch,
  type TapRequest,
  type TransformDocument,
  type WorkerSetup,
} from '@weir/pipeline';
import { createTaskProcessor, type TaskProcessor } from './processor.js';

export const NODE = 'n0de';

export interface BatchOptions {
  readonly listener?: string;
  readonly node?: string;
  readonly format?: InputFormat;
  readonly dispositions?: readonly Disposition[];
  readonly seqFirst?: number;
  /** Triples as framing writes them. */
  readonly marks?: readonly number[];
}

export function batchOf(
  events: readonly (string | Uint8Array)[],
  options: BatchOptions = {},
): SequencedBatch {
  const encoder = new TextEncoder();
  const parts = events.map((event) => (typeof event === 'string' ? encoder.encode(event) : event));
  const bytes = allocateBytes(parts.reduce((sum, part) => sum + part.length, 0));
  const offsets = new Uint32Array(parts.length + 1);
  parts.forEach((part, index) => {
    bytes.set(part, offsets[index]);
    offsets[index + 1] = (offsets[index] ?? 0) + part.length;
  });
  return {
    tenant: 'default',
    stream: `${options.node ?? NODE}/${options.listener ?? 'edge'}/0`,
    retentionClass: 'default',
    format: options.format ?? 'syslog',
    receivedAtNs: 1_772_366_400_000_000_000n,
    eventCount: parts.length,
    bytes,
    offsets,
    marks: Uint32Array.from(options.marks ?? []),
    runs: [{ eventCount: parts.length, source: '192.0.2.10', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: options.dispositions ?? [],
    epoch: 7n,
    seqFirst: options.seqFirst ?? 100,
  };
}

export type Sinks = Record<string, { readonly type: string; readonly inputs: readonly string[] }>;

export const graphOf = (
  transforms: Record<string, TransformDocument>,
  sinks: Sinks,
  sources: readonly string[] = ['edge', 'api'],
): GraphDocument => ({ sources, transforms, sinks });

export const setupOf = (graph: GraphDocument, over: Partial<WorkerSetup> = {}): WorkerSetup => ({
  nodeId: NODE,
  sourceOfListener: Object.fromEntries(graph.sources.map((source) => [source, source])),
  graph,
  baseUrl: new URL('.', import.meta.url).href,
  pipelineModule: null,
  ...over,
});

export const startProcessor = (
  graph: GraphDocument,
  over: Partial<WorkerSetup> = {},
): Promise<TaskProcessor> => createTaskProcessor(setupOf(graph, over));

export function run(
  process: TaskProcessor,
  batch: SequencedBatch,
  sink: string,
  taps: readonly TapRequest[] = [],
  skipSeqs: Float64Array | null = null,
): EncodedBatch {
  return process({ batch, sink, skipSeqs, taps, spare: null });
}

/** The lines of an NDJSON sink, as objects. */
export function linesOf(encoded: EncodedBatch): Record<string, unknown>[] {
  if (encoded.events === null) return [];
  const text = new TextDecoder().decode(encoded.events.bytes);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Every number of the batch with what became of it; throws where one has two fates or none. */
export function fatesOf(batch: SequencedBatch, encoded: EncodedBatch): string[] {
  const fates: string[] = new Array(batch.eventCount).fill('');
  const set = (seq: number, fate: string): void => {
    const row = seq - batch.seqFirst;
    if (fates[row] !== '') throw new Error(`row ${row} is ${fates[row]} and ${fate}`);
    fates[row] = fate;
  };
  for (const { kind, cause, seqRanges, eventCount } of encoded.filtered) {
    let counted = 0;
    for (const [first, last] of seqRanges)
      for (let seq = first; seq <= last; seq++, counted++) set(seq, `${kind} ${cause}`);
    if (counted !== eventCount) throw new Error(`${cause} counts ${eventCount} and has ${counted}`);
  }
  for (const seq of encoded.quarantinedSeqs) set(seq, 'quarantined');
  const stored = fates.filter((fate) => fate === '').length;
  if (stored !== (encoded.events?.rowCount ?? 0)) throw new Error('rows are missing or too many');
  return fates.map((fate) => (fate === '' ? 'stored' : fate));
}
