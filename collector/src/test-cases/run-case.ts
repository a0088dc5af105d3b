// The events of a case through the code that workers run, in this process.
import { join } from 'node:path';
import {
  allocateBytes,
  type EncodedBatch,
  EVERY_SOURCE,
  type GraphDocument,
  LIMITS,
  type SequencedBatch,
  type SharedTable,
  WeirError,
  type WorkerSetup,
} from '@weir/pipeline';
import { nearestOf } from '@weir/pipeline/config';
import { readTables } from '../run/tables/read-table.js';
import { createTaskProcessor, type TaskProcessor } from '../run/worker/processor.js';
import { type CaseSettings, SETTINGS_NAME, type TestCase } from './find-cases.js';

const NODE = 'test';
/** Says where and when an event came in; the same for all, so it is no part of what is expected. */
const IDENTITY_KEYS = new Set([
  'tenant_id',
  'stream',
  'epoch',
  'seq',
  'source',
  'source_seq',
  'ingest_time',
]);

/** One for each event: the event at the sink, `{error, ...}`, or `{filtered: COMPONENT}`. */
export type CaseLine = Readonly<Record<string, unknown>>;

export interface CaseOutput {
  readonly sink: string;
  readonly lines: readonly CaseLine[];
}

/** What the cases of a run go through. */
export interface CasePipeline {
  readonly graph: GraphDocument;
  readonly sourceTypes: Readonly<Record<string, 'syslog' | 'http'>>;
  readonly baseUrl: string;
  readonly pipelineModule: string | null;
}

/** Without a configuration: one pack, and nothing else. */
export function packPipeline(pack: string): CasePipeline {
  return {
    graph: {
      sources: ['syslog', 'http'],
      transforms: { parse: { type: 'parse', inputs: [EVERY_SOURCE], pack } },
      sinks: { out: { type: 'stdout', inputs: ['parse'] } },
    },
    sourceTypes: { syslog: 'syslog', http: 'http' },
    baseUrl: import.meta.url,
    pipelineModule: null,
  };
}

export class CaseRunner {
  readonly #pipeline: CasePipeline;
  readonly #process: TaskProcessor;
  readonly #tables: readonly SharedTable[];

  private constructor(
    pipeline: CasePipeline,
    process: TaskProcessor,
    tables: readonly SharedTable[],
  ) {
    this.#pipeline = pipeline;
    this.#process = process;
    this.#tables = tables;
  }

  /** Rejects with WEIR_CONFIG_INVALID when the graph, a module or a table is wrong. */
  static async create(pipeline: CasePipeline): Promise<CaseRunner> {
    const { graph, baseUrl, pipelineModule } = pipeline;
    // Whatever the sinks are, their rows are looked at as JSON.
    const sinks = Object.entries(graph.sinks).map(([id, { inputs }]) => [
      id,
      { type: 'stdout', inputs },
    ]);
    const setup: WorkerSetup = {
      nodeId: NODE,
      sourceOfListener: Object.fromEntries(graph.sources.map((source) => [source, source])),
      graph: { ...graph, sinks: Object.fromEntries(sinks) as GraphDocument['sinks'] },
      baseUrl,
      pipelineModule,
    };
    const { tables, problems } = readTables(graph);
    if (problems.length > 0) throw new WeirError('WEIR_CONFIG_INVALID', problems.join('\n'));
    return new CaseRunner(pipeline, await createTaskProcessor(setup), tables);
  }

  /** Lines for the sink of the case, or for every sink. */
  run({ events, settings, folder }: TestCase): CaseOutput[] {
    const place = join(folder, SETTINGS_NAME);
    const source = this.#sourceOf(settings, place);
    return this.#sinksOf(settings, place).map((sink) => {
      const lines: CaseLine[] = [];
      for (let first = 0; first < events.length; first += LIMITS.batchEventCountMax) {
        const part = events.slice(first, first + LIMITS.batchEventCountMax);
        const batch = batchOf(part, source, settings);
        const tables = this.#tables;
        const task = { batch, sink, skipSeqs: null, taps: [], spare: null, tables };
        const encoded = this.#process(task);
        lines.push(...linesOf(encoded, part.length));
      }
      return { sink, lines };
    });
  }

  #sourceOf({ source, format }: CaseSettings, place: string): string {
    const { sourceTypes } = this.#pipeline;
    const ids = Object.keys(sourceTypes);
    const type = format === 'json' ? 'http' : 'syslog';
    const id = source ?? ids.find((each) => sourceTypes[each] === type) ?? '';
    return known(id, ids, place, source === undefined ? `source of type ${type}` : 'source');
  }

  #sinksOf({ sink }: CaseSettings, place: string): string[] {
    const ids = Object.keys(this.#pipeline.graph.sinks);
    return sink === undefined ? ids : [known(sink, ids, place, 'sink')];
  }
}

function known(id: string, ids: readonly string[], place: string, what: string): string {
  if (ids.includes(id)) return id;
  const nearest = nearestOf(id, ids);
  const hint = nearest === null ? `there are ${ids.join(', ')}` : `did you mean ${nearest}?`;
  const name = id === '' ? what : `${what} ${id}`;
  throw new WeirError('WEIR_CONFIG_INVALID', `${place}: no ${name}; ${hint}`);
}

function batchOf(
  events: readonly Uint8Array[],
  source: string,
  { format, receivedAt }: CaseSettings,
): SequencedBatch {
  const offsets = new Uint32Array(events.length + 1);
  events.forEach((event, i) => {
    offsets[i + 1] = (offsets[i] as number) + event.length;
  });
  const bytes = allocateBytes(offsets[events.length] as number);
  events.forEach((event, i) => {
    bytes.set(event, offsets[i]);
  });
  return {
    tenant: 'default',
    stream: `${NODE}/${source}/0`,
    retentionClass: 'default',
    format,
    receivedAtNs: BigInt(Date.parse(receivedAt)) * 1_000_000n,
    eventCount: events.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: events.length, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch: 1n,
    seqFirst: 0,
  };
}

/** Lines by number: rows in are lines out. */
function linesOf(encoded: EncodedBatch, eventCount: number): CaseLine[] {
  const lines = new Array<CaseLine | undefined>(eventCount).fill(undefined);
  for (const block of [encoded.events, encoded.quarantine]) {
    if (block === null) continue;
    for (const text of Buffer.from(block.bytes).toString('utf8').split('\n')) {
      if (text === '') continue;
      const row = JSON.parse(text) as Record<string, unknown>;
      const shown = Object.entries(row).filter(([key]) => !IDENTITY_KEYS.has(key));
      lines[Number(row.seq)] = Object.fromEntries(shown);
    }
  }
  for (const { cause, seqRanges } of encoded.filtered) {
    for (const [first, last] of seqRanges)
      for (let seq = first; seq <= last; seq++)
        lines[seq] = { filtered: cause.slice('filter:'.length) };
  }
  return lines.map((line) => line ?? { missing: true });
}
