// What today's pipeline makes of one event of quarantine; nothing is written.
import { LIMITS, type StoreProfile, type WorkerSetup } from '@weir/pipeline';
import { batchesOf, type QuarantineRow } from '@weir/sinks/clickhouse';
import { chooseDestination } from '../../config/destination.js';
import { graphOf } from '../../config/graph.js';
import type { LoadedConfig } from '../../config/load.js';
import { setupOf } from '../pool.js';
import { readTables } from '../tables/read-table.js';
import { createTaskProcessor } from '../worker/processor.js';

export type Today =
  /** The event as a sink for people would write it. */
  | { readonly outcome: 'parsed'; readonly event: Readonly<Record<string, unknown>> }
  | { readonly outcome: 'quarantined'; readonly reason: string; readonly offset: number }
  | { readonly outcome: 'filtered'; readonly by: string };

/** Rejects with WEIR_CONFIG_INVALID when a module of the pipeline does not load. */
export async function parseToday(
  { config, baseUrl, pipelineModule }: LoadedConfig,
  row: QuarantineRow,
  pack: string | null,
): Promise<Today> {
  const { sinks } = chooseDestination(config, process.env);
  const [id = ''] = Object.keys(sinks).filter((name) => sinks[name]?.type === 'clickhouse');
  const graph = graphOf(config, sinks);
  // Its rows are looked at as JSON.
  const end = { ...graph.sinks[id], type: 'stdout', inputs: graph.sinks[id]?.inputs ?? [] };
  const nodeId = row.stream.split('/')[0] ?? '';
  const setup: WorkerSetup = {
    ...setupOf({ config, nodeId, graph, baseUrl, pipelineModule }),
    graph: { ...graph, sinks: { [id]: end } },
    storeProfile: 'full' satisfies StoreProfile,
  };
  const processTask = await createTaskProcessor(setup);
  const [made] = batchesOf([row]);
  if (made === undefined)
    throw new RangeError(`one row is a batch of up to ${LIMITS.batchEventCountMax}`);
  const { events, quarantine, filtered } = processTask({
    ...{ batch: made.batch, sink: id, skipSeqs: null, taps: [], spare: null },
    tables: readTables(graph).tables,
    ...(pack === null ? {} : { pack }),
  });
  const block = quarantine ?? events;
  if (block === null) return { outcome: 'filtered', by: filtered[0]?.cause ?? 'filter:pipeline' };
  const line = JSON.parse(Buffer.from(block.bytes).toString()) as Record<string, unknown>;
  if (quarantine === null) return { outcome: 'parsed', event: line };
  return { outcome: 'quarantined', reason: String(line.error), offset: Number(line.offset) };
}
