// The way of a source's events to a sink. There is one at most, so that a sink gets each event
// once: ways that differ only in the outputs of the same route are one way, any other fork that
// joins again is a mistake in the configuration.
import { WeirError } from '../errors.js';
import type { GraphDocument, TransformDocument } from './document.js';
import { everySource, type Input, inputsOf, isSource, own, writtenInputs } from './inputs.js';

/** One transform on the way. */
export interface Step {
  readonly id: string;
  readonly document: TransformDocument;
  /** Of a route: the outputs that lead on. Null for all other transforms. */
  readonly outputs: readonly string[] | null;
}

/**
 * Steps in the order of the way; empty where the sink takes the source directly; null where the
 * source does not lead to the sink. Throws WEIR_CONFIG_INVALID where there is more than one way.
 * The graph has no cycle and no unknown input.
 */
export function wayOf(graph: GraphDocument, source: string, sink: string): Step[] | null {
  const leads = new Map<string, boolean>();
  const comesFrom = (id: string): boolean => {
    if (id === source) return true;
    if (isSource(graph, id)) return false;
    let known = leads.get(id);
    if (known === undefined) {
      known = inputsOf(graph, writtenInputs(graph, id)).some(({ from }) => comesFrom(from));
      leads.set(id, known);
    }
    return known;
  };
  const steps: Step[] = [];
  let id = sink;
  for (;;) {
    const inputs = inputsOf(graph, writtenInputs(graph, id)).filter(({ from }) => comesFrom(from));
    const [first] = inputs;
    if (first === undefined) return null;
    const other = inputs.find(({ from }) => from !== first.from);
    if (other !== undefined) throw twoWays(graph, source, sink, id, [first.from, other.from]);
    if (first.from === source) return steps;
    const document = own(graph.transforms, first.from);
    if (document === null) return null;
    steps.unshift({ id: first.from, document, outputs: outputsOf(document, inputs) });
    id = first.from;
  }
}

function outputsOf(document: TransformDocument, inputs: readonly Input[]): string[] | null {
  if (document.type !== 'route') return null;
  return inputs.map(({ output }) => output ?? '');
}

function twoWays(
  graph: GraphDocument,
  source: string,
  sink: string,
  id: string,
  ways: readonly string[],
): WeirError {
  const kind = own(graph.sinks, id) === null ? 'transforms' : 'sinks';
  const [first, second] = ways.map((from) => (from === source ? 'directly' : `through ${from}`));
  return new WeirError(
    'WEIR_CONFIG_INVALID',
    `/${kind}/${id}/inputs would bring events of ${source} to ${sink} twice: ${first} and ` +
      `${second}; a sink takes each event of a source by one way`,
  );
}

/** Id of the first sink, in the order of the graph, that the source or transform leads to. */
export function firstSinkOf(graph: GraphDocument, component: string): string | null {
  return Object.keys(graph.sinks).find((sink) => reaches(graph, component, sink)) ?? null;
}

/** True when events of the source or transform can come to the component. */
export function reaches(graph: GraphDocument, from: string, to: string): boolean {
  const seen = new Set<string>();
  const comes = (id: string): boolean => {
    if (seen.has(id)) return false;
    seen.add(id);
    return inputsOf(graph, writtenInputs(graph, id)).some(
      (input) => input.from === from || comes(input.from),
    );
  };
  return comes(to);
}

/** Sources whose events no sink takes: they would be filtered whole, with cause `filter:inputs`. */
export function sourcesWithoutSink(graph: GraphDocument): string[] {
  return everySource(graph).filter((source) => firstSinkOf(graph, source) === null);
}

/**
 * Inputs for a sink that is added because none is configured: every transform and output of a route
 * that no transform takes, and every source that none does.
 */
export function openEnds(graph: GraphDocument): string[] {
  const taken = new Set<string>();
  for (const { inputs } of Object.values(graph.transforms))
    for (const { from, output } of inputsOf(graph, inputs))
      taken.add(output === null ? from : `${from}.${output}`);
  const ends: string[] = [];
  for (const [id, document] of Object.entries(graph.transforms)) {
    const outputs =
      document.type === 'route'
        ? outputNames(document.routes).map((name) => `${id}.${name}`)
        : [id];
    ends.push(...outputs.filter((output) => !taken.has(output)));
  }
  return [...everySource(graph).filter((source) => !taken.has(source)), ...ends];
}

/** Outputs of a route, `otherwise` last. */
export const outputNames = (routes: Readonly<Record<string, unknown>>): string[] => [
  ...Object.keys(routes),
  'otherwise',
];
