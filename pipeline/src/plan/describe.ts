// The graph as nodes and edges, for people to look at.
import { EVERY_SOURCE, FORWARDED, type GraphDocument } from './document.js';
import { everySource, inputsOf, writtenInputs } from './inputs.js';

export interface GraphNode {
  readonly id: string;
  readonly kind: 'source' | 'transform' | 'sink';
  /** Type of the transform or sink; null for sources, whose types the graph does not hold. */
  readonly type: string | null;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Output of a route. */
  readonly output: string | null;
}

export interface GraphDescription {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Sources first, then transforms, then sinks; `forwarded` only where someone names it or `*`. */
export function describeGraph(graph: GraphDocument): GraphDescription {
  const consumers = [...Object.keys(graph.transforms), ...Object.keys(graph.sinks)];
  const edges: GraphEdge[] = [];
  for (const to of consumers)
    for (const { from, output } of inputsOf(graph, writtenInputs(graph, to)))
      edges.push({ from, to, output });
  const hasForwarded = consumers.some((id) =>
    writtenInputs(graph, id).some((input) => input === FORWARDED || input === EVERY_SOURCE),
  );
  const nodes: GraphNode[] = [];
  for (const id of everySource(graph))
    if (id !== FORWARDED || hasForwarded) nodes.push({ id, kind: 'source', type: null });
  for (const [id, { type }] of Object.entries(graph.transforms))
    nodes.push({ id, kind: 'transform', type });
  for (const [id, { type }] of Object.entries(graph.sinks)) nodes.push({ id, kind: 'sink', type });
  return { nodes, edges };
}
