// A graph as text, Mermaid or DOT.
import type { GraphEdge, GraphNode, GraphView } from '../run/graph-view.js';
import { rate } from './numbers.js';

/** An edge with the events/s that pass; null where it is not known. */
export interface RatedEdge extends GraphEdge {
  readonly eventsPerSecond: number | null;
}
export interface RatedGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly RatedEdge[];
}

export const unrated = ({ nodes, edges }: GraphView): RatedGraph => ({
  nodes,
  edges: edges.map((edge) => ({ ...edge, eventsPerSecond: null })),
});

export const GRAPH_FORMATS = {
  text: (graph: RatedGraph) => textOfGraph(graph),
  mermaid: (graph: RatedGraph) => mermaidOfGraph(graph),
  dot: (graph: RatedGraph) => dotOfGraph(graph),
  json: (graph: RatedGraph) => JSON.stringify(graph, null, 2),
} as const;
export type GraphFormat = keyof typeof GRAPH_FORMATS;

/** A tree for each source; what several lead to stands under each of them. */
function textOfGraph({ nodes, edges }: RatedGraph): string {
  const lines: string[] = [];
  const typeOf = new Map(nodes.map(({ id, type }) => [id, type]));
  const show = (id: string, depth: number): void => {
    for (const edge of edges.filter(({ from }) => from === id)) {
      const output = edge.output === undefined ? '' : `.${edge.output}`;
      const passing = labelOf({ ...edge, output: '' });
      const tail = passing === '' ? '' : `  ${passing}`;
      const name = `${edge.to}  (${typeOf.get(edge.to) ?? '?'})`;
      lines.push(`${'   '.repeat(depth)}${output}-> ${name}${tail}`);
      show(edge.to, depth + 1);
    }
  };
  for (const { id, kind, type } of nodes) {
    if (kind !== 'source') continue;
    lines.push(`${id}  (${type})`);
    show(id, 1);
  }
  const reached = new Set(edges.map(({ to }) => to));
  const loose = nodes.filter(({ id, kind }) => kind !== 'source' && !reached.has(id));
  for (const { id, type } of loose) lines.push(`${id}  (${type})  nothing leads here`);
  return lines.join('\n');
}

/** `otherwise, 1,200/s` */
function labelOf({
  output,
  eventsPerSecond,
}: Pick<RatedEdge, 'output' | 'eventsPerSecond'>): string {
  const parts = output === undefined || output === '' ? [] : [output];
  if (eventsPerSecond !== null) parts.push(`${rate(eventsPerSecond)}/s`);
  return parts.join(', ');
}

const MERMAID_SHAPES: Readonly<Record<GraphNode['kind'], readonly [string, string]>> = {
  source: ['([', '])'],
  transform: ['[', ']'],
  sink: ['[(', ')]'],
};

function mermaidOfGraph({ nodes, edges }: RatedGraph): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const quote = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`;
  const boxes = nodes.map(({ id, kind, type }) => {
    const [open, close] = MERMAID_SHAPES[kind];
    return `  ${names.get(id)}${open}${quote(`${id}<br>${type}`)}${close}`;
  });
  const arrows = edges.map((edge) => {
    const label = labelOf(edge);
    const middle = label === '' ? '-->' : `-->|${quote(label)}|`;
    return `  ${names.get(edge.from)} ${middle} ${names.get(edge.to)}`;
  });
  return ['flowchart LR', ...boxes, ...arrows].join('\n');
}

const DOT_SHAPES: Readonly<Record<GraphNode['kind'], string>> = {
  source: 'cds',
  transform: 'box',
  sink: 'cylinder',
};

function dotOfGraph({ nodes, edges }: RatedGraph): string {
  const quote = (text: string): string =>
    `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  const boxes = nodes.map(
    ({ id, kind, type }) =>
      `  ${quote(id)} [shape=${DOT_SHAPES[kind]}, label=${quote(`${id}\n${type}`)}];`,
  );
  const arrows = edges.map((edge) => {
    const label = labelOf(edge);
    const tail = label === '' ? '' : ` [label=${quote(label)}]`;
    return `  ${quote(edge.from)} -> ${quote(edge.to)}${tail};`;
  });
  return ['digraph weir {', '  rankdir=LR;', ...boxes, ...arrows, '}'].join('\n');
}
