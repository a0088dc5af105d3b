// The transforms of a way as functions of the row.
import { shapeStep, type Tables } from '@weir/enrich';
import {
  type Adds,
  type Condition,
  compileCondition,
  ENRICHERS,
  type Event,
  IN_CODE,
  type LiveRow,
  OTHERWISE,
  type ReadEvent,
  type RouteDocument,
  type SetValue,
  type Step,
} from '@weir/pipeline';
import type { LoadedComponent, LoadedComponents } from './modules.js';

/** Output that the row leaves by; empty where there is only one; null: it goes no further. */
type RunStep = (event: LiveRow) => string | null;

export interface RowStep {
  readonly id: string;
  /** Index among the graph's transforms, for the report of a worker's progress. */
  readonly index: number;
  /** Its failures leave the event as it was; those of all others send it to quarantine. */
  readonly isEnricher: boolean;
  /** What leaves by an output that does not lead to this sink was sent all the same. */
  readonly isRoute: boolean;
  readonly run: RunStep;
}

const GOES_ON = '';

/** Null for `parse`, which is not a step behind the parser but the parser itself. */
export function rowStep(
  step: Step,
  index: number,
  components: LoadedComponents,
  adds: Adds,
  tables: Tables,
): RowStep | null {
  const { id, document } = step;
  if (document.type === 'parse') return null;
  const isEnricher = ENRICHERS.has(document.type);
  const isRoute = document.type === 'route';
  const run = shaped(step, tables, adds) ?? runOf(step, components.get(id), adds);
  return { id, index, isEnricher, isRoute, run };
}

function shaped({ document }: Step, tables: Tables, adds: Adds): RunStep | null {
  const step = shapeStep(document, tables, adds);
  return step === null ? null : (event) => (step(event) === false ? null : GOES_ON);
}

function runOf(step: Step, loaded: LoadedComponent | undefined, adds: Adds): RunStep {
  const { document } = step;
  switch (document.type) {
    case 'set':
      return setAll(Object.entries(document.fields));
    case 'filter':
      return document.condition === undefined
        ? filterBy(loaded as LoadedComponent)
        : filterByCondition(compileCondition(document.condition, { adds }));
    case 'route':
      return route(document, step, loaded, adds);
    default:
      return enrich(loaded as LoadedComponent);
  }
}

function setAll(entries: readonly (readonly [string, SetValue])[]): RunStep {
  return (event) => {
    for (const [path, value] of entries) event.set(path, value);
    return GOES_ON;
  };
}

function enrich({ component, state }: LoadedComponent): RunStep {
  const enricher = component as unknown as { enrich(event: Event, state: unknown): unknown };
  return (event) => {
    if (isPromise(enricher.enrich(event, state)))
      throw new TypeError('enrich returned a promise; it must set all values before it returns');
    return GOES_ON;
  };
}

function filterBy({ component, state }: LoadedComponent): RunStep {
  const filter = component as unknown as { keep(event: ReadEvent, state: unknown): unknown };
  return (event) => (asBoolean(filter.keep(event, state), 'keep') ? GOES_ON : null);
}

const filterByCondition =
  (condition: Condition): RunStep =>
  (event) =>
    condition(event) ? GOES_ON : null;

function route(
  document: RouteDocument,
  step: Step,
  loaded: LoadedComponent | undefined,
  adds: Adds,
): RunStep {
  const functions =
    loaded?.component.kind === 'route'
      ? (loaded.component.routes as Record<string, (event: ReadEvent) => unknown>)
      : {};
  const outputs = Object.entries(document.routes).map(([name, condition]) => {
    const test = functions[name];
    if (condition !== IN_CODE || test === undefined)
      return { name, holds: compileCondition(condition, { adds }) };
    return { name, holds: (event: LiveRow) => asBoolean(test(event), `route ${name}`) };
  });
  const leads = new Set(step.outputs);
  return (event) => {
    for (const { name, holds } of outputs) if (holds(event)) return leads.has(name) ? name : null;
    return leads.has(OTHERWISE) ? OTHERWISE : null;
  };
}

function asBoolean(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value;
  const got = isPromise(value) ? 'a promise' : typeof value;
  throw new TypeError(`${what} must return true or false; it returned ${got}`);
}

export const isPromise = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value;
