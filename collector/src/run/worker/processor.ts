// What a pipeline worker does: batches in, encoded rows out. Ways are compiled when the first batch
// takes them.
import { Tables } from '@weir/enrich';
import {
  ColumnWriter,
  type EncodedBatch,
  FORWARDED,
  LiveRow,
  type ProcessTask,
  WeirError,
  type WorkerSetup,
  wayOf,
} from '@weir/pipeline';
import { type Encoder, loadEncoder } from './encoders.js';
import { checkLoaded, loadComponents } from './modules.js';
import { TapConditions } from './taps.js';
import { processUntaken, Way, type WayShared } from './way.js';

export type TaskProcessor = (task: ProcessTask) => EncodedBatch;

/** Rejects with WEIR_CONFIG_INVALID when the graph or a module is wrong. */
export async function createTaskProcessor(setup: WorkerSetup): Promise<TaskProcessor> {
  const { graph } = setup;
  const components = await loadComponents(setup);
  const { adds } = checkLoaded(setup, components);
  const writer = new ColumnWriter();
  const shared: WayShared = {
    writer,
    event: new LiveRow(writer, adds),
    components,
    adds,
    tables: new Tables(),
    transformIds: Object.keys(graph.transforms),
    tapConditions: new TapConditions(adds),
  };
  const encoders = new Map<string, Encoder>();
  const profile = setup.storeProfile ?? 'full';
  for (const [sink, document] of Object.entries(graph.sinks)) {
    const type = setup.encodings?.[sink] ?? document.type;
    encoders.set(sink, await loadEncoder({ ...document, type }, sink, profile));
  }
  const ways = new Map<string, Way | null>();
  return (task) => {
    const { sink } = task;
    const encoder = encoders.get(sink);
    if (encoder === undefined)
      throw new WeirError('WEIR_CONFIG_INVALID', `/sinks/${sink} is not in the graph`);
    const source = sourceOf(setup, task.batch.stream);
    const key = `${source} ${sink}`;
    let way = ways.get(key);
    if (way === undefined) {
      const steps = wayOf(graph, source, sink);
      way = steps === null ? null : new Way(source, sink, steps, encoder, shared);
      ways.set(key, way);
    }
    return way === null ? processUntaken(task, encoder, writer) : way.process(task);
  };
}

/**
 * The source that a stream belongs to. Streams of other nodes, and of listeners that were
 * configured when the batch was spooled and are no more, come as `forwarded`.
 */
export function sourceOf(setup: WorkerSetup, stream: string): string {
  const [node = '', listener = ''] = stream.split('/', 2);
  const { nodeId, sourceOfListener } = setup;
  if (node !== nodeId || !Object.hasOwn(sourceOfListener, listener)) return FORWARDED;
  return sourceOfListener[listener] as string;
}
