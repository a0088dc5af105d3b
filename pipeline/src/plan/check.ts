// From a graph as written to one that can be run: every input leads somewhere, nothing goes in a
// circle, no sink gets an event twice.
import { compileCondition } from '../condition/condition.js';
import { nearestOf } from '../config/nearest.js';
import { WeirError } from '../errors.js';
import type { Adds } from '../event/types.js';
import { addsOfGraph, isModule } from './adds.js';
import { checkShaping } from './check-shaping.js';
import {
  EVERY_SOURCE,
  FORWARDED,
  type GraphDocument,
  IN_CODE,
  OTHERWISE,
  type TransformDocument,
} from './document.js';
import { inputsOf, isSource, own } from './inputs.js';
import { outputNames, reaches, sourcesWithoutSink, wayOf } from './way.js';

export interface CheckOptions {
  /**
   * What the components of modules declare, by their id, once they are loaded. Without it,
   * conditions may name fields that nobody knows.
   */
  readonly declared?: Readonly<Record<string, Adds>>;
  /** Names of packs that `parse` may name; any when absent. */
  readonly packs?: readonly string[];
}

export interface CheckedGraph {
  /** Sentences about what works and is hardly meant. */
  readonly warnings: readonly string[];
  /** Types of all paths that components add. */
  readonly adds: Adds;
}

/** Throws WEIR_CONFIG_INVALID; the message starts with the path of what is wrong. */
export function checkGraph(graph: GraphDocument, options: CheckOptions = {}): CheckedGraph {
  checkIds(graph);
  for (const [kind, components] of [
    ['transforms', graph.transforms],
    ['sinks', graph.sinks],
  ] as const)
    for (const [id, { inputs }] of Object.entries(components))
      checkInputs(graph, `/${kind}/${id}/inputs`, id, inputs);
  checkCycles(graph);
  for (const [id, document] of Object.entries(graph.transforms)) {
    checkDocument(graph, id, document, options);
    checkUsed(graph, id);
  }
  for (const sink of Object.keys(graph.sinks)) checkReached(graph, sink);
  const { declared } = options;
  const isOpen = declared === undefined && Object.values(graph.transforms).some(isModule);
  const adds = addsOfGraph(graph, declared === undefined ? { isOpen } : { declared });
  checkConditions(graph, adds, isOpen);
  return { warnings: warningsOf(graph), adds };
}

const invalid = (message: string): WeirError => new WeirError('WEIR_CONFIG_INVALID', message);

function checkIds(graph: GraphDocument): void {
  const kinds = new Map<string, string>();
  const groups: [string, readonly string[]][] = [
    ['sources', graph.sources],
    ['transforms', Object.keys(graph.transforms)],
    ['sinks', Object.keys(graph.sinks)],
  ];
  for (const [kind, ids] of groups)
    for (const id of ids) {
      const other = kinds.get(id);
      if (other !== undefined)
        throw invalid(`/${kind}/${id} has the id of /${other}/${id}; ids differ from each other`);
      if (id === FORWARDED || id === EVERY_SOURCE || id === 'inputs' || id.includes('.'))
        throw invalid(`/${kind}/${id} cannot be the id of a component`);
      kinds.set(id, kind);
    }
}

function checkInputs(
  graph: GraphDocument,
  at: string,
  id: string,
  inputs: readonly string[],
): void {
  if (inputs.length === 0) throw invalid(`${at} is empty; name a source or a transform, or "*"`);
  inputs.forEach((input, index) => {
    if (input === EVERY_SOURCE) return;
    const place = `${at}/${index}`;
    const [{ from, output } = { from: '', output: null }] = inputsOf(graph, [input]);
    if (from === id) throw invalid(`${place} is the component itself`);
    const transform = own(graph.transforms, from);
    if (transform === null && !isSource(graph, from)) throw unknownInput(graph, place, input, from);
    if (transform?.type === 'route') checkOutput(place, from, output, transform.routes);
    else if (output !== null) throw invalid(`${place} names an output, but ${from} is no route`);
  });
}

function unknownInput(graph: GraphDocument, at: string, input: string, id: string): WeirError {
  if (own(graph.sinks, id) !== null) return invalid(`${at} is a sink; nothing comes out of ${id}`);
  const known = [...graph.sources, ...Object.keys(graph.transforms), FORWARDED];
  const nearest = nearestOf(id, known);
  const hint = nearest === null ? `known: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return invalid(`${at} is no source or transform; ${hint}; got ${JSON.stringify(input)}`);
}

function checkOutput(
  at: string,
  id: string,
  output: string | null,
  routes: Readonly<Record<string, string>>,
): void {
  const names = outputNames(routes);
  const list = names.map((name) => `${id}.${name}`);
  if (output === null) throw invalid(`${at} must name an output of ${id}: ${list.join(', ')}`);
  if (names.includes(output)) return;
  const nearest = nearestOf(output, names);
  const hint = nearest === null ? `known: ${list.join(', ')}` : `did you mean ${id}.${nearest}?`;
  throw invalid(`${at} is no output of ${id}; ${hint}; got ${JSON.stringify(`${id}.${output}`)}`);
}

function checkCycles(graph: GraphDocument): void {
  const done = new Set<string>();
  const visit = (id: string, trail: readonly string[]): void => {
    if (done.has(id)) return;
    const at = trail.indexOf(id);
    if (at >= 0) {
      const circle = [...trail.slice(at), id].reverse().join(' -> ');
      throw invalid(`/transforms/${id}/inputs go in a circle: ${circle}`);
    }
    const document = own(graph.transforms, id);
    if (document === null) return;
    for (const { from } of inputsOf(graph, document.inputs)) visit(from, [...trail, id]);
    done.add(id);
  };
  for (const id of Object.keys(graph.transforms)) visit(id, []);
}

function checkDocument(
  graph: GraphDocument,
  id: string,
  document: TransformDocument,
  options: CheckOptions,
): void {
  const at = `/transforms/${id}`;
  if (document.type === 'parse') {
    const hasZone = document.time_zone !== undefined || document.time_zones !== undefined;
    const { pack, regex, fields } = document;
    const parsers = [isModule(document), pack !== undefined, regex !== undefined];
    const count = parsers.filter((isGiven) => isGiven).length;
    // A zone alone is reason enough for the step: the pack is `auto` then.
    if (count > 1 || (count === 0 && !hasZone))
      throw invalid(`${at} takes one of pack, regex and module`);
    if (fields !== undefined && regex === undefined)
      throw invalid(`${at}/fields names groups of regex, which is missing`);
    if (document.pack !== undefined && options.packs?.includes(document.pack) === false) {
      const nearest = nearestOf(document.pack, options.packs);
      const hint = nearest === null ? options.packs.join(', ') : `did you mean ${nearest}?`;
      throw invalid(`${at}/pack is no pack; ${hint}; got ${JSON.stringify(document.pack)}`);
    }
    const behind = inputsOf(graph, document.inputs).find(({ from }) => !isSource(graph, from));
    if (behind !== undefined)
      throw invalid(`${at}/inputs: events are parsed first; ${behind.from} comes before it`);
  }
  if (document.type === 'filter' && isModule(document) === (document.condition !== undefined))
    throw invalid(`${at} takes either condition or module`);
  checkShaping(at, document);
  if (document.type === 'route') {
    if (Object.keys(document.routes).length === 0) throw invalid(`${at}/routes is empty`);
    for (const output of Object.keys(document.routes))
      if (output === OTHERWISE || output.includes('.'))
        throw invalid(`${at}/routes/${output} cannot be the name of an output`);
  }
}

/** A transform that leads nowhere would look as if it did something. */
function checkUsed(graph: GraphDocument, id: string): void {
  const sinks = Object.keys(graph.sinks);
  if (sinks.length > 0 && !sinks.some((sink) => reaches(graph, id, sink)))
    throw invalid(
      `/transforms/${id} leads to no sink; name it in the inputs of a sink (sinks take "*", ` +
        'every source directly, unless they name their inputs)',
    );
}

function checkReached(graph: GraphDocument, sink: string): void {
  let isReached = false;
  for (const source of [...graph.sources, FORWARDED])
    if (wayOf(graph, source, sink) !== null) isReached = true;
  if (!isReached) throw invalid(`/sinks/${sink}/inputs: no source leads to it`);
}

function checkConditions(graph: GraphDocument, adds: Adds, isOpen: boolean): void {
  const check = (condition: string, at: string): void => {
    if (condition !== IN_CODE) compileCondition(condition, { adds, isOpen, at });
  };
  for (const [id, document] of Object.entries(graph.transforms)) {
    const hasCondition = document.type === 'filter' || document.type === 'sample';
    if (hasCondition && document.condition !== undefined)
      check(document.condition, `/transforms/${id}/condition`);
    if (document.type === 'route')
      for (const [output, condition] of Object.entries(document.routes))
        check(condition, `/transforms/${id}/routes/${output}`);
  }
}

function warningsOf(graph: GraphDocument): string[] {
  if (Object.keys(graph.sinks).length === 0) return [];
  const warnings = sourcesWithoutSink(graph)
    .filter((source) => source !== FORWARDED)
    .map((source) => `/sources/${source} leads to no sink: all its events are filtered`);
  const taken = new Set<string>();
  for (const { inputs } of [...Object.values(graph.transforms), ...Object.values(graph.sinks)])
    for (const { from, output } of inputsOf(graph, inputs)) taken.add(`${from}.${output}`);
  for (const [id, document] of Object.entries(graph.transforms))
    if (document.type === 'route')
      for (const output of Object.keys(document.routes))
        if (!taken.has(`${id}.${output}`))
          warnings.push(
            `/transforms/${id}/routes/${output} leads nowhere: its events are filtered`,
          );
  return warnings;
}
