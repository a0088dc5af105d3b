// The worker pool that all sinks share, and what its workers are told at their start.
import {
  type EncodedBatch,
  type GraphDocument,
  LIMITS,
  type ProcessTask,
  type WorkerSetup,
  type Workers,
} from '@weir/pipeline';
import { nodeWorkers } from '@weir/pipeline/node';
import type { Config } from '../config/schema.js';
import { listenersOf } from './listeners.js';

const WORKER_HEAP_MIB_MAX = 256;

export interface SetupOptions {
  readonly config: Config;
  readonly nodeId: string;
  readonly graph: GraphDocument;
  /** Directory URL of the configuration: relative module names start there. */
  readonly baseUrl: string;
  readonly pipelineModule: string | null;
}

export function startPool(
  workerCount: number,
  setup: WorkerSetup,
  onTrouble: (sentence: string) => void,
): Workers<ProcessTask, EncodedBatch> {
  // A requeue from quarantine has a way of its own.
  const wayCount = Object.keys(setup.graph.sinks).length + 1;
  return nodeWorkers({
    entry: new URL('./worker.js', import.meta.url),
    workerCount,
    // Each keeps within its own limit, so this one is never reached.
    queueTaskCountMax: wayCount * LIMITS.poolBatchesInFlightMax,
    heapMiBMax: WORKER_HEAP_MIB_MAX,
    setup,
    // What a worker is at when it hangs is told by index.
    components: Object.keys(setup.graph.transforms),
    onTrouble,
  });
}

/** Also for those who check a configuration without running it. */
export function setupOf(options: SetupOptions): WorkerSetup {
  const { config, nodeId, graph, baseUrl, pipelineModule } = options;
  const sourceOfListener: Record<string, string> = {};
  for (const { listener, source } of listenersOf(config)) sourceOfListener[listener] = source;
  const storeProfile = config.store.profile;
  const encodings: Record<string, string> = {};
  for (const [id, sink] of Object.entries(config.sinks))
    if (sink.type === 'kafka' && sink.envelope === 'event') encodings[id] = 'kafka_event';
  return { nodeId, sourceOfListener, graph, baseUrl, pipelineModule, storeProfile, encodings };
}
