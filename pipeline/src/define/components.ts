// Components that people write: enrichers, filters and parsers, as plain objects with a kind.

import type { RawBatch } from '../batch.js';
import type { BatchWriter, ParseVerdict } from '../component.js';
import type { Adds, Event, NoAdds, ReadEvent } from '../event/types.js';

interface Named<Options, State> {
  /** Lower snake case; a parser's name stands in the rows that it made. */
  readonly name: string;
  readonly version?: string;
  /**
   * Called once in each worker, with the `options` of the configuration; what it returns is given
   * to every call. It may load files. A throw fails the start.
   */
  create?(options: Options): State | Promise<State>;
}

/** Adds to events. A throw leaves the event as it was before and marks it `component_failed`. */
export interface Enricher<
  Added extends Adds = NoAdds,
  Needs = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = unknown,
> extends Named<Options, State> {
  readonly kind: 'enricher';
  /** Paths without a column that it sets, with their types. */
  readonly adds?: Added;
  enrich(event: Event<Needs & Added>, state: State): void;
}

/** Keeps the events for which it returns true. A throw sends the event to quarantine. */
export interface Filter<
  Needs = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = unknown,
> extends Named<Options, State> {
  readonly kind: 'filter';
  keep(event: ReadEvent<Needs>, state: State): boolean;
}

/** Reads events that no pack knows. A throw sends the event to quarantine. */
export interface EventParser<
  Added extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = unknown,
> extends Named<Options, State> {
  readonly kind: 'parser';
  readonly adds?: Added;
  /**
   * Reads `event.text()` and sets fields. `false`: not mine; nothing may have been set, and the
   * packs of Weir are asked. The syslog header is written afterwards, where the body said nothing.
   */
  parse(event: Event<Added>, state: State): boolean | undefined;
}

/** A parser on bytes, for speed: the contract that the packs of Weir have. */
export interface BytesParser<
  Added extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = unknown,
> extends Named<Options, State> {
  readonly kind: 'bytes_parser';
  readonly adds?: Added;
  /**
   * Looks only at batch.bytes[start, end) and writes to `row` only. `no`: not mine, nothing was
   * written.
   */
  parseBytes(
    batch: RawBatch,
    row: number,
    start: number,
    end: number,
    out: BatchWriter,
    state: State,
  ): ParseVerdict;
}

/** Functions of a route in code, by output; the first that returns true takes the event. */
export interface RouteFunctions {
  readonly kind: 'route';
  readonly routes: Readonly<Record<string, (event: ReadEvent) => boolean>>;
}

type AnyState = never;
/** Any component, whatever its types. */
export type Component =
  | Enricher<Adds, never, never, AnyState>
  | Filter<never, never, AnyState>
  | EventParser<Adds, never, AnyState>
  | BytesParser<Adds, never, AnyState>
  | RouteFunctions;

export function defineEnricher<
  const Added extends Adds = NoAdds,
  Needs extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(
  enricher: Omit<Enricher<Added, Needs, Options, State>, 'kind'>,
): Enricher<Added, Needs, Options, State> {
  return { ...enricher, kind: 'enricher' };
}

export function defineFilter<
  Needs extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(filter: Omit<Filter<Needs, Options, State>, 'kind'>): Filter<Needs, Options, State> {
  return { ...filter, kind: 'filter' };
}

export function defineParser<
  const Added extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(parser: Omit<BytesParser<Added, Options, State>, 'kind'>): BytesParser<Added, Options, State>;
export function defineParser<
  const Added extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(parser: Omit<EventParser<Added, Options, State>, 'kind'>): EventParser<Added, Options, State>;
export function defineParser(parser: object): unknown {
  return { ...parser, kind: 'parseBytes' in parser ? 'bytes_parser' : 'parser' };
}
