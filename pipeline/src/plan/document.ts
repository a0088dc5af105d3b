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
  /** Zone of timestamps that name none: UTC, `+02:00`, `Europe/Berlin`. */
  readonly time_zone?: string;
  /** The same by address or network of the source; the narrowest holds. */
  readonly time_zones?: Readonly<Record<string, string>>;
  /** Names of the columns of CSV, as a header line has them. */
  readonly columns?: string;
  /**
   * Patterns in RE2's syntax, tried in order before the packs. Not together with `pack` or
   * `module`.
   */
  readonly regex?: string | readonly string[];
  /** OCSF path, or `unmapped.NAME`, by name of a group of `regex`. */
  readonly fields?: Readonly<Record<string, string>>;
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
/** Sets fields to the values of CEL expressions; where one cannot be told its field stays. */
export interface AssignDocument extends Transform {
  readonly type: 'assign';
  /** Expression by path of the field, in order: later ones see what earlier ones set. */
  readonly values: Readonly<Record<string, string>>;
}

/** A file that a transform looks up in. Workers never read it: it comes to them as a table. */
interface TableFile {
  /** Absolute, or relative to the configuration. */
  readonly path: string;
  /** Longest file, and largest table in memory. */
  readonly max_bytes?: number;
  /** How often the file is looked at for a change; 0 for never. */
  readonly check_interval_ms?: number;
}
/** Country, city and autonomous system of addresses, from an MMDB file. */
export interface GeoipDocument extends Transform, TableFile {
  readonly type: 'geoip';
  /** Paths that end in `.ip`; what is found is written beside them. */
  readonly fields: readonly string[];
  readonly language?: string;
  /** Whether values that the event has already are replaced. */
  readonly overwrite?: boolean;
}
export type Confidence = 'low' | 'medium' | 'high';
/** Marks events whose values are known indicators of compromise. */
export interface IocDocument extends Transform, TableFile {
  readonly type: 'ioc';
  readonly format?: 'auto' | 'ndjson' | 'json' | 'csv' | 'txt';
  readonly addresses: readonly string[];
  readonly domains: readonly string[];
  readonly urls: readonly string[];
  readonly hashes: readonly string[];
  readonly match_parents?: boolean;
  readonly min_confidence?: Confidence;
  /** Of indicators for which the file does not say it. */
  readonly source?: string;
  readonly tier?: number;
}
/** Adds columns of a table's row, found by a value of the event. */
export interface LookupDocument extends Transform, TableFile {
  readonly type: 'lookup';
  readonly format?: 'auto' | 'ndjson' | 'json' | 'csv';
  /** Path of the field whose value is looked up. */
  readonly field: string;
  readonly key_column: string;
  readonly match?: 'exact' | 'ignore_case' | 'cidr';
  /** Column by path of the field that it is written to. */
  readonly set: Readonly<Record<string, string>>;
  /** Types of written paths that no field has; text without. */
  readonly types?: Readonly<Record<string, 'string' | 'number' | 'boolean'>>;
  readonly overwrite?: boolean;
}
interface Hiding {
  readonly fields: readonly string[];
  /** What becomes of the value where it stands in the event as received. */
  readonly raw_data?: 'mask' | 'keep';
}
/** Takes values out of events. */
export interface RedactDocument extends Transform, Hiding {
  readonly type: 'redact';
  readonly mode?: 'mask' | 'remove';
  /** Characters at the end that `mask` leaves. */
  readonly keep_last?: number;
}
/** Replaces values by their keyed hash, HMAC-SHA-256 (RFC 2104). */
export interface HashDocument extends Transform, Hiding {
  readonly type: 'hash';
  readonly key: string;
  /** Hexadecimal digits of the hash that are kept. */
  readonly digits?: number;
}
/** Keeps one in so many events, always the same ones. */
export interface SampleDocument extends Transform {
  readonly type: 'sample';
  readonly keep_one_in: number;
  /** Only events for which it holds are sampled; all others go on. */
  readonly condition?: string;
  /** Events with the same value of this field are kept or dropped together. */
  readonly field?: string;
}
/** Those with a file. */
export type TableDocument = GeoipDocument | IocDocument | LookupDocument;
export type TransformDocument =
  | ParseDocument
  | SetDocument
  | AssignDocument
  | EnrichDocument
  | GeoipDocument
  | IocDocument
  | LookupDocument
  | RedactDocument
  | HashDocument
  | FilterDocument
  | SampleDocument
  | RouteDocument;

/** A failure of one of these leaves the event as it was; of all others it is quarantined. */
export const ENRICHERS: ReadonlySet<string> = new Set([
  'enrich',
  'assign',
  'geoip',
  'ioc',
  'lookup',
]);
/** What these keep back is accounted as filtered by them. */
export const FILTERS: ReadonlySet<string> = new Set(['filter', 'sample']);
export const hasTable = (document: TransformDocument): document is TableDocument =>
  document.type === 'geoip' || document.type === 'ioc' || document.type === 'lookup';

export interface SinkDocument {
  readonly type: string;
  readonly inputs: readonly string[];
  /** What the encoder of its type is told about rows; no secrets. */
  readonly rows?: Readonly<Record<string, unknown>>;
}

export interface GraphDocument {
  /** Ids of the configured sources. */
  readonly sources: readonly string[];
  readonly transforms: Readonly<Record<string, TransformDocument>>;
  readonly sinks: Readonly<Record<string, SinkDocument>>;
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
  /** By sink, where its rows are not in the encoding of its type. */
  readonly encodings?: Readonly<Record<string, string>>;
}
