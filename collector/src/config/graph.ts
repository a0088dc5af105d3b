// The graph of components of a configuration, as checks and workers take it.
import type { GraphDocument, TransformDocument } from '@weir/pipeline';
import { rowOptionsOf } from './row-options.js';
import type { Config, SinkConfig } from './schema.js';

/** `sinks`: those that were chosen, where the configuration has none. */
export function graphOf(
  config: Config,
  sinks: Readonly<Record<string, SinkConfig>> = config.sinks,
): GraphDocument {
  const ends = Object.entries(sinks).map(([id, sink]) => {
    const { type, inputs } = sink;
    const rows = rowOptionsOf(sink);
    return [id, { type, inputs, ...(rows === undefined ? {} : { rows }) }];
  });
  return {
    sources: Object.keys(config.sources),
    transforms: config.transforms satisfies Readonly<Record<string, TransformDocument>>,
    sinks: Object.fromEntries(ends) as GraphDocument['sinks'],
  };
}
