// The graph of components as nodes and edges, for people and for those who ask which sinks an
// event of a component can reach.
import { describeGraph, FORWARDED, type GraphDocument, outputNames } from '@weir/pipeline';

export interface GraphNode {
  /** Id of the component. */
  readonly id: string;
  readonly kind: 'source' | 'transform' | 'sink';
  readonly type: string;
  /** Names of a route's outputs, `otherwise` included. */
  readonly outputs?: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Output of a route. */
  readonly output?: string;
}

export interface GraphView {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphViewOptions {
  /** Type by source id; `source` where it is not known. */
  readonly sourceTypes?: Readonly<Record<string, string>>;
}

export function viewOfGraph(graph: GraphDocument, options: GraphViewOptions = {}): GraphView {
  const { nodes, edges } = describeGraph(graph);
  return {
    nodes: nodes.map(({ id, kind, type }) => {
      const sourceType = id === FORWARDED ? 'frames' : (options.sourceTypes?.[id] ?? 'source');
      const node: GraphNode = { id, kind, type: type ?? sourceType };
      const transform = kind === 'transform' ? graph.transforms[id] : undefined;
      return transform?.type === 'route'
        ? { ...node, outputs: outputNames(transform.routes) }
        : node;
    }),
    edges: edges.map(({ from, to, output }) =>
      output === null ? { from, to } : { from, to, output },
    ),
  };
}

/** Names that a tap takes: components and, for a route, each of its outputs. */
export function tappableNames(view: GraphView): string[] {
  return view.nodes.flatMap(({ id, outputs = [] }) => [
    id,
    ...outputs.map((output) => `${id}.${output}`),
  ]);
}

/** Sinks that events of a component or of a route's output can reach, in the graph's order. */
export function sinksBehind(view: GraphView, name: string): string[] {
  const reached = new Set<string>();
  const dot = name.indexOf('.');
  const id = dot < 0 ? name : name.slice(0, dot);
  const output = dot < 0 ? null : name.slice(dot + 1);
  const follow = (edge: GraphEdge): void => {
    if (reached.has(edge.to)) return;
    reached.add(edge.to);
    for (const next of view.edges) if (next.from === edge.to) follow(next);
  };
  for (const edge of view.edges) {
    if (edge.from === id && (output === null || edge.output === output)) follow(edge);
  }
  return view.nodes
    .filter((node) => node.kind === 'sink' && (node.id === id || reached.has(node.id)))
    .map((node) => node.id);
}

/**
 * For each transform the one sink on whose way its events are counted: a batch goes through the
 * transforms once for each sink, and an event is to be counted once.
 */
export function primarySinks(view: GraphView): ReadonlyMap<string, string> {
  const primary = new Map<string, string>();
  for (const { id, kind } of view.nodes) {
    const [first] = kind === 'transform' ? sinksBehind(view, id) : [];
    if (first !== undefined) primary.set(id, first);
  }
  return primary;
}
