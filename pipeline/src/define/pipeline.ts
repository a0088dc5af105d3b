// Pipelines in code. A flow is a place in the graph: each step starts from it and gives the next
// place. What components add to events is carried along in the type, so that later steps see it.
import { WeirError } from '../errors.js';
import type { Adds, Event, NoAdds, ReadEvent } from '../event/types.js';
import {
  type GraphDocument,
  IN_CODE,
  type OTHERWISE,
  type ParseDocument,
  type SetValue,
  type TransformDocument,
} from '../plan/document.js';
import {
  type BytesParser,
  type Component,
  defineEnricher,
  defineFilter,
  type Enricher,
  type EventParser,
  type Filter,
} from './components.js';
import {
  DEFINITION,
  documentOf,
  type PipelineDefinition,
  type PipelineSettings,
} from './definition.js';
import type {
  SinkConfiguration,
  SinkOptions,
  SourceConfiguration,
  SourceOptions,
} from './options.js';
import type {
  GeoipOptions,
  HashOptions,
  IocAdds,
  IocOptions,
  LookupAdds,
  LookupOptions,
  RedactOptions,
  SampleOptions,
} from './shaping.js';

/** The configuration's schema has the same. */
const COMPONENT_ID = /^[a-z][a-z0-9_]{0,31}$/;

type Transforms = Record<string, TransformDocument>;
/** Text that does not widen to `string`, so that a path keeps its name as a type. */
type TypeOfValue<Value> = Value extends number
  ? 'number'
  : Value extends boolean
    ? 'boolean'
    : 'string';
type AddsOfFields<Fields> = { readonly [Path in keyof Fields]: TypeOfValue<Fields[Path]> };
/** A condition in CEL, or a function of the event. */
export type Predicate<Added> = string | ((event: ReadEvent<Added>) => boolean);

/** Everything that was said about one pipeline so far. */
class Draft {
  readonly settings: PipelineSettings;
  readonly sources: Record<string, SourceConfiguration> = {};
  readonly sinks: Record<string, SinkConfiguration> = {};
  readonly sinkInputs: Record<string, readonly string[]> = {};
  readonly transforms: Transforms = {};
  readonly components = new Map<string, Component>();

  constructor(settings: PipelineSettings) {
    this.settings = settings;
  }

  take(kind: string, id: string): void {
    // Any other would be lost where ids are keys of plain objects, or be no label of a metric.
    if (typeof id !== 'string' || !COMPONENT_ID.test(id))
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `/${kind}/${id} is not a valid name; names match ${COMPONENT_ID.source}`,
      );
    for (const known of [this.sources, this.transforms, this.sinks])
      if (Object.hasOwn(known, id))
        throw new WeirError(
          'WEIR_CONFIG_INVALID',
          `/${kind}/${id} has the id of another component; ids differ from each other`,
        );
  }

  transform(id: string, document: TransformDocument, component: Component | null): void {
    this.take('transforms', id);
    this.transforms[id] = document;
    if (component !== null) this.components.set(id, component);
  }

  definition(): PipelineDefinition {
    const sinks: Record<string, GraphDocument['sinks'][string]> = {};
    for (const [id, { type }] of Object.entries(this.sinks))
      sinks[id] = { type, inputs: this.sinkInputs[id] ?? [] };
    return {
      graph: { sources: Object.keys(this.sources), transforms: this.transforms, sinks },
      sources: this.sources,
      sinks: this.sinks,
      components: this.components,
      settings: this.settings,
    };
  }
}

/** A pack of this installation, or `auto`. */
export interface PackChoice {
  readonly pack: string;
}
/** See the `parse` transform of a configuration. */
export type RegexChoice = Required<Pick<ParseDocument, 'regex'>> & Pick<ParseDocument, 'fields'>;

/** A place in a pipeline. `Added`: paths that components before it declare. */
export class Flow<Added = NoAdds> {
  protected readonly draft: Draft;
  /** Inputs of whatever comes next. */
  protected readonly ends: readonly string[];

  constructor(draft: Draft, ends: readonly string[]) {
    this.draft = draft;
    this.ends = ends;
  }

  /**
   * Which parser reads the events: the name of a pack, `auto`, patterns in RE2's syntax, or a parser
   * of one's own. It comes straight behind the sources; without it events are parsed as by `auto`.
   */
  parse(id: string, parser: PackChoice | RegexChoice): Flow<Added>;
  parse<More extends Adds, Options, State>(
    id: string,
    parser: EventParser<More, Options, State> | BytesParser<More, Options, State>,
    options?: Options,
  ): Flow<Added & More>;
  parse(id: string, parser: unknown, options?: unknown): Flow<never> {
    const inputs = this.ends;
    if (isPack(parser)) {
      return this.next(id, { type: 'parse', inputs, pack: parser.pack }, null) as Flow<never>;
    }
    if (isRegex(parser)) {
      const { regex, fields } = parser;
      const document = { type: 'parse', inputs, regex, ...(fields && { fields }) } as const;
      return this.next(id, document, null) as Flow<never>;
    }
    const document = { type: 'parse', inputs, ...inCode(options) } as const;
    return this.next(id, document, parser as Component) as Flow<never>;
  }

  /** Sets fields to constants. */
  set<const Fields extends Readonly<Record<string, SetValue>>>(
    id: string,
    fields: Fields,
  ): Flow<Added & AddsOfFields<Fields>> {
    return this.next(id, { type: 'set', inputs: this.ends, fields }, null) as Flow<
      Added & AddsOfFields<Fields>
    >;
  }

  /**
   * Sets fields to the values of CEL expressions. What types they have is not known here: say it,
   * `assign<{ 'labels.far': 'boolean' }>(...)`, where a later step reads them.
   */
  assign<More extends Adds = NoAdds>(
    id: string,
    values: Readonly<Record<string, string>>,
  ): Flow<Added & More> {
    return this.next(id, { type: 'assign', inputs: this.ends, values }, null) as Flow<Added & More>;
  }

  /** Country, city and autonomous system of addresses, from an MMDB file. */
  geoip(id: string, options: GeoipOptions): Flow<Added> {
    return this.#shape(id, 'geoip', options) as Flow<Added>;
  }

  /** Marks events whose values are known indicators of compromise. */
  ioc(id: string, options: IocOptions): Flow<Added & IocAdds> {
    return this.#shape(id, 'ioc', options) as Flow<Added & IocAdds>;
  }

  /** Adds columns of the row of a table that a value of the event names. */
  lookup<const Options extends LookupOptions>(
    id: string,
    options: Options,
  ): Flow<Added & LookupAdds<Options>> {
    return this.#shape(id, 'lookup', options) as Flow<Added & LookupAdds<Options>>;
  }

  /** Takes values out of events. */
  redact(id: string, options: RedactOptions): Flow<Added> {
    return this.#shape(id, 'redact', options) as Flow<Added>;
  }

  /** Replaces values by their keyed hash. */
  hash(id: string, options: HashOptions): Flow<Added> {
    return this.#shape(id, 'hash', options) as Flow<Added>;
  }

  /** Keeps one in so many events, always the same ones. */
  sample(id: string, options: SampleOptions): Flow<Added> {
    return this.#shape(id, 'sample', options) as Flow<Added>;
  }

  /** The schema adds its defaults, and refuses what is not in it. */
  #shape(id: string, type: TransformDocument['type'], options: object): Flow<unknown> {
    const document = { ...options, type, inputs: this.ends } as unknown as TransformDocument;
    return this.next(id, document, null);
  }

  /** Adds to events: a function, or an enricher with what it `adds`. */
  enrich(id: string, enrich: (event: Event<Added>) => void): Flow<Added>;
  enrich<More extends Adds, Needs extends Adds, Options, State>(
    id: string,
    enricher: Enricher<More, Needs, Options, State> & Provided<Added, Needs>,
    options?: Options,
  ): Flow<Added & More>;
  enrich<const More extends Adds>(
    id: string,
    enricher: { readonly adds: More; enrich(event: Event<Added & More>): void },
  ): Flow<Added & More>;
  enrich(id: string, enricher: unknown, options?: unknown): Flow<never> {
    const document = { type: 'enrich', inputs: this.ends, ...inCode(options) } as const;
    return this.next(id, document, enricherOf(id, enricher)) as Flow<never>;
  }

  /** Keeps the events for which the condition holds; the others are counted as filtered by it. */
  filter(id: string, keep: Predicate<Added>): Flow<Added>;
  filter<Needs extends Adds, Options, State>(
    id: string,
    filter: Filter<Needs, Options, State> & Provided<Added, Needs>,
    options?: Options,
  ): Flow<Added>;
  filter(id: string, filter: unknown, options?: unknown): Flow<never> {
    const inputs = this.ends;
    if (typeof filter === 'string')
      return this.next(id, { type: 'filter', inputs, condition: filter }, null) as Flow<never>;
    const component =
      typeof filter === 'function'
        ? defineFilter({ name: id, keep: filter as (event: ReadEvent) => boolean })
        : (filter as Component);
    const document = { type: 'filter', inputs, ...inCode(options) } as const;
    return this.next(id, document, component as Component) as Flow<never>;
  }

  /**
   * Sends each event to the first output whose condition holds, else to `otherwise`. Go on with
   * `.to(output)`.
   */
  route<const Routes extends Readonly<Record<string, Predicate<Added>>>>(
    id: string,
    routes: Routes,
  ): Route<Added, (keyof Routes & string) | typeof OTHERWISE> {
    const conditions: Record<string, string> = {};
    const functions: Record<string, (event: ReadEvent) => boolean> = {};
    for (const [output, condition] of Object.entries(routes)) {
      conditions[output] = typeof condition === 'string' ? condition : IN_CODE;
      if (typeof condition !== 'string')
        functions[output] = condition as (event: ReadEvent) => boolean;
    }
    const hasFunctions = Object.keys(functions).length > 0;
    this.draft.transform(
      id,
      { type: 'route', inputs: this.ends, routes: conditions },
      hasFunctions ? { kind: 'route', routes: functions } : null,
    );
    return new Route(this.draft, id);
  }

  /** Sends the events to a sink; the flow goes on, so that other sinks can take them, too. */
  sink(id: string, sink: SinkOptions): this {
    const { draft } = this;
    draft.take('sinks', id);
    draft.sinks[id] = sink.configuration;
    draft.sinkInputs[id] = this.ends;
    return this;
  }

  /** Sends the events to a sink that another flow has made as well. */
  into(id: string): this {
    const inputs = this.draft.sinkInputs[id];
    if (inputs === undefined)
      throw new WeirError('WEIR_CONFIG_INVALID', `/sinks/${id} is not made yet`);
    this.draft.sinkInputs[id] = [...new Set([...inputs, ...this.ends])];
    return this;
  }

  /** This flow and another of the same pipeline together. */
  merge<Other>(other: Flow<Other>): Flow<Added & Other> {
    if (other.draft !== this.draft)
      throw new WeirError('WEIR_CONFIG_INVALID', 'flows of two pipelines cannot be merged');
    return new Flow(this.draft, [...new Set([...this.ends, ...other.ends])]);
  }

  [DEFINITION](): PipelineDefinition {
    return this.draft.definition();
  }

  /** The pipeline as a configuration document; functions stand in it as `#pipeline`. */
  toConfig(): Record<string, unknown> {
    return documentOf(this[DEFINITION]());
  }

  protected next(
    id: string,
    document: TransformDocument,
    component: Component | null,
  ): Flow<unknown> {
    this.draft.transform(id, document, component);
    return this.derive([id]);
  }

  protected derive(ends: readonly string[]): Flow<unknown> {
    return new Flow<unknown>(this.draft, ends);
  }
}

/** What a component needs must have been added before it. */
type Provided<Added, Needs> = Added extends Needs ? unknown : { readonly missing: Needs };

/** Sources only: another source joins them. */
export class SourceFlow extends Flow<NoAdds> {
  /** Another source whose events go the same way. */
  source(id: string, source: SourceOptions): SourceFlow {
    addSource(this.draft, id, source);
    return new SourceFlow(this.draft, [...this.ends, id]);
  }
}

/** The outputs of a route. */
export class Route<Added, Output extends string> {
  readonly #draft: Draft;
  readonly #id: string;

  constructor(draft: Draft, id: string) {
    this.#draft = draft;
    this.#id = id;
  }

  /** The events of one output, or of several together. */
  to(...outputs: readonly [Output, ...Output[]]): Branch<Added, Added, Output> {
    const ends = outputs.map((output) => `${this.#id}.${output}`);
    return new Branch<Added, Added, Output>(this.#draft, ends, this);
  }

  [DEFINITION](): PipelineDefinition {
    return this.#draft.definition();
  }

  /** The pipeline as a configuration document; functions stand in it as `#pipeline`. */
  toConfig(): Record<string, unknown> {
    return documentOf(this[DEFINITION]());
  }
}

/** A flow behind a route; `.to` goes back to the route's other outputs. */
export interface Branch<Added, AtRoute, Output extends string> extends Flow<Added> {
  parse(id: string, parser: never): never;
  set<const Fields extends Readonly<Record<string, SetValue>>>(
    id: string,
    fields: Fields,
  ): Branch<Added & AddsOfFields<Fields>, AtRoute, Output>;
  assign<More extends Adds = NoAdds>(
    id: string,
    values: Readonly<Record<string, string>>,
  ): Branch<Added & More, AtRoute, Output>;
  geoip(id: string, options: GeoipOptions): Branch<Added, AtRoute, Output>;
  ioc(id: string, options: IocOptions): Branch<Added & IocAdds, AtRoute, Output>;
  lookup<const Options extends LookupOptions>(
    id: string,
    options: Options,
  ): Branch<Added & LookupAdds<Options>, AtRoute, Output>;
  redact(id: string, options: RedactOptions): Branch<Added, AtRoute, Output>;
  hash(id: string, options: HashOptions): Branch<Added, AtRoute, Output>;
  sample(id: string, options: SampleOptions): Branch<Added, AtRoute, Output>;
  enrich(id: string, enrich: (event: Event<Added>) => void): Branch<Added, AtRoute, Output>;
  enrich<More extends Adds, Needs extends Adds, Options, State>(
    id: string,
    enricher: Enricher<More, Needs, Options, State> & Provided<Added, Needs>,
    options?: Options,
  ): Branch<Added & More, AtRoute, Output>;
  enrich<const More extends Adds>(
    id: string,
    enricher: { readonly adds: More; enrich(event: Event<Added & More>): void },
  ): Branch<Added & More, AtRoute, Output>;
  filter(id: string, keep: Predicate<Added>): Branch<Added, AtRoute, Output>;
  filter<Needs extends Adds, Options, State>(
    id: string,
    filter: Filter<Needs, Options, State> & Provided<Added, Needs>,
    options?: Options,
  ): Branch<Added, AtRoute, Output>;
  to(...outputs: readonly [Output, ...Output[]]): Branch<AtRoute, AtRoute, Output>;
}
export const Branch = class<Added, AtRoute, Output extends string> extends Flow<Added> {
  readonly #route: Route<AtRoute, Output>;

  constructor(draft: Draft, ends: readonly string[], route: Route<AtRoute, Output>) {
    super(draft, ends);
    this.#route = route;
  }

  to(...outputs: readonly [Output, ...Output[]]): Branch<AtRoute, AtRoute, Output> {
    return this.#route.to(...outputs);
  }

  protected override derive(ends: readonly string[]): Flow<unknown> {
    return new Branch<unknown, AtRoute, Output>(this.draft, ends, this.#route);
  }
} as unknown as new <Added, AtRoute, Output extends string>(
  draft: Draft,
  ends: readonly string[],
  route: Route<AtRoute, Output>,
) => Branch<Added, AtRoute, Output>;

/** The start of a pipeline in code. Several flows may begin from it. */
export class Pipeline {
  readonly #draft: Draft;

  constructor(settings: PipelineSettings) {
    this.#draft = new Draft(settings);
  }

  source(id: string, source: SourceOptions): SourceFlow {
    addSource(this.#draft, id, source);
    return new SourceFlow(this.#draft, [id]);
  }

  /** Frames that other nodes forward to this one; they keep their identity. */
  forwarded(): Flow<NoAdds> {
    return new Flow(this.#draft, ['forwarded']);
  }

  [DEFINITION](): PipelineDefinition {
    return this.#draft.definition();
  }

  /** The pipeline as a configuration document; functions stand in it as `#pipeline`. */
  toConfig(): Record<string, unknown> {
    return documentOf(this[DEFINITION]());
  }
}

/** Begins a pipeline. Its module exports the pipeline, or any flow of it, as default. */
export const pipeline = (settings: PipelineSettings = {}): Pipeline => new Pipeline(settings);

function addSource(draft: Draft, id: string, source: SourceOptions): void {
  draft.take('sources', id);
  draft.sources[id] = source.configuration;
}

const isPack = (parser: unknown): parser is PackChoice =>
  typeof parser === 'object' && parser !== null && 'pack' in parser;
const isRegex = (parser: unknown): parser is RegexChoice =>
  typeof parser === 'object' && parser !== null && 'regex' in parser;

const inCode = (options: unknown) => ({
  module: IN_CODE,
  ...(options === undefined ? {} : { options: options as Readonly<Record<string, unknown>> }),
});

function enricherOf(id: string, enricher: unknown): Component {
  if (typeof enricher === 'function')
    return defineEnricher({ name: id, enrich: enricher as (event: Event) => void }) as Component;
  const given = enricher as { readonly name?: string };
  return { name: id, ...given, kind: 'enricher' } as unknown as Component;
}
