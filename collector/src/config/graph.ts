// The graph of components of a configuration, as checks and workers take it.
import type { GraphDocument, TransformDocument } from '@weir/pipeline';
import type { Config, SinkConfig } from './schema.js';

/** `sinks`: those that were chosen, where the configuration has none. */
export function graphOf(
  config: Config,
  sinks: Readonly<Record<string, SinkConfig>> = config.sinks,
): GraphDocument {
  const ends = Object.entries(sinks).map(([id, { type, inputs }]) => [id, { type, inputs }]);
  return {
    sources: Object.keys(config.sources),
    transforms: config.transforms satisfies Readonly<Record<string, TransformDocument>>,
    sinks: Object.fromEntries(ends) as GraphDocument['sinks'],
  };
}
