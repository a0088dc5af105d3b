// What the inputs of a component mean: which components, and which output of a route.
import { EVERY_SOURCE, FORWARDED, type GraphDocument } from './document.js';

export interface Input {
  /** Id of a source or a transform. */
  readonly from: string;
  /** Of a route; null where the component has one output only. */
  readonly output: string | null;
}

/** `*` stands for every source, forwarded frames included. */
export function inputsOf(graph: GraphDocument, inputs: readonly string[]): Input[] {
  const found = new Map<string, Input>();
  const add = (from: string, output: string | null): void => {
    found.set(`${from}.${output ?? ''}`, { from, output });
  };
  for (const input of inputs) {
    if (input === EVERY_SOURCE) for (const source of everySource(graph)) add(source, null);
    else {
      const dot = input.indexOf('.');
      if (dot < 0) add(input, null);
      else add(input.slice(0, dot), input.slice(dot + 1));
    }
  }
  return [...found.values()];
}

export const everySource = (graph: GraphDocument): string[] => [...graph.sources, FORWARDED];

export const isSource = (graph: GraphDocument, id: string): boolean =>
  id === FORWARDED || graph.sources.includes(id);

/** Inputs of a transform or sink as they are written; none for a source. */
export function writtenInputs(graph: GraphDocument, id: string): readonly string[] {
  const component = own(graph.transforms, id) ?? own(graph.sinks, id);
  return component?.inputs ?? [];
}

/** Never a property that every object has. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | null {
  return Object.hasOwn(record, key) ? (record[key] as Value) : null;
}
