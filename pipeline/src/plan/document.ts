// The graph of components as a configuration file or a pipeline in code describes it. Everything
// in it survives a thread boundary: workers get it whole and build their steps from it.

/** A value that `set` writes. */
export type SetValue = string | number | boolean;

interface Transform {
  /** Ids of sources and transforms, `<route id>.<output>`, or `*` for every source. */
  readonly inputs: readonly string[];
}

/** Someone's own component: the export of a compiled module. */
export interface ModuleReference {
  /** File relative to the configuration, or the name of an installed package. */
  readonly module: string;
  /** Name of the export; `default` when absent. */
  readonly export?: string;
  /** Given to the component when a worker makes it. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Which parser the events get; without one on their way they get `auto`. */
export interface ParseDocument extends Transform, Partial<ModuleReference> {
  readonly type: 'parse';
  /** A pack of @weir/parsers, or `auto`. Not together with `module`. */
  readonly pack?: string;
  /** Names of the columns of CSV, as a header line has them. */
  readonly columns?: string;
}
/** Sets fields to constants. */
export interface SetDocument extends Transform {
  readonly type: 'set';
  readonly fields: Readonly<Record<string, SetValue>>;
}
export interface EnrichDocument extends Transform, ModuleReference {
  readonly type: 'enrich';
}
/** Keeps events for which the condition holds, or the module's filter returns true. */
export interface FilterDocument extends Transform, Partial<ModuleReference> {
  readonly type: 'filter';
  /** A CEL expression over the event's fields. Not together with `module`. */
  readonly condition?: string;
}
/** Sends an event to the first output whose condition holds, else to `otherwise`. */
export interface RouteDocument extends Transform {
  readonly type: 'route';
  /** CEL conditions by name of the output, in order. */
  readonly routes: Readonly<Record<string, string>>;
}
export type TransformDocument =
  | ParseDocument
  | SetDocument
  | EnrichDocument
  | FilterDocument
  | RouteDocument;

export interface GraphDocument {
  /** Ids of the configured sources. */
  readonly sources: readonly string[];
  readonly transforms: Readonly<Record<string, TransformDocument>>;
  readonly sinks: Readonly<
    Record<string, { readonly type: string; readonly inputs: readonly string[] }>
  >;
}

/** Source of frames that another Weir forwarded: their streams name another node. */
export const FORWARDED = 'forwarded';
/** Input that stands for every source, forwarded frames included. */
export const EVERY_SOURCE = '*';
/** Output of a route for events that no condition takes. */
export const OTHERWISE = 'otherwise';

/**
 * `module`, or condition of a route's output, that stands for a function in the pipeline module:
 * the component with the same id in its definition.
 */
export const IN_CODE = '#pipeline';

/** Which columns the events table of a store has. */
export type StoreProfile = 'full' | 'slim';

/** What a pipeline worker is started with. */
export interface WorkerSetup {
  /** First part of the names of this node's streams. */
  readonly nodeId: string;
  /** Source id by listener, the second part of a stream's name. */
  readonly sourceOfListener: Readonly<Record<string, string>>;
  readonly graph: GraphDocument;
  /** Directory URL that relative module names start from. */
  readonly baseUrl: string;
  /** URL of a pipeline in code, whose functions the graph's components refer to by id. */
  readonly pipelineModule: string | null;
  /** Of the ClickHouse sink. Default `full`. */
  readonly storeProfile?: StoreProfile;
}
