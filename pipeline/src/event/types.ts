// An event as people's own parsers, enrichers and filters see it, typed by the path that is asked.
import type { FieldPath, FieldTypes } from '../schema/fields.js';

/** Type of a value at a path that has no column. */
export type AddedType = 'string' | 'number' | 'boolean';
/** Paths that a component adds, with their types: `{'labels.vip': 'boolean'}`. */
export type Adds = Readonly<Record<string, AddedType>>;
/** Of a pipeline in which no component has declared a path yet. */
// biome-ignore lint/complexity/noBannedTypes: the type without any path is what is meant.
export type NoAdds = {};

type TypeOf<Type> = Type extends 'number' ? number : Type extends 'boolean' ? boolean : string;

/** Any path may be asked for; the known ones are suggested. */
export type EventPath<Added> = FieldPath | (keyof Added & string) | (string & NoAdds);

/** Type of the value at a path: of its column, as declared, or the text of an unknown key. */
export type ValueAt<Path, Added> = Path extends FieldPath
  ? FieldTypes[Path]
  : Path extends keyof Added
    ? TypeOf<Added[Path]>
    : string;

/** What `set` takes at a path. */
export type SettableAt<Path, Added> = Path extends FieldPath
  ? FieldTypes[Path]
  : Path extends keyof Added
    ? TypeOf<Added[Path]>
    : string | number | boolean;

/** Reasons for which a component may send an event to quarantine. */
export type RejectReason =
  | 'parse_error'
  | 'schema_invalid'
  | 'missing_field'
  | 'timestamp_invalid'
  | 'timestamp_out_of_range'
  | 'encoding_invalid'
  | 'tenant_unknown'
  | 'unsupported_type';

/** One event, to read. The object is reused: it is valid only during the call it is given to. */
export interface ReadEvent<Added = NoAdds> {
  /**
   * Value at a dotted path such as `src_endpoint.ip`; undefined when the event has none. A path
   * without a column is looked for among the keys that the parser kept in `unmapped`. `time` is in
   * microseconds since 1970.
   */
  get<const Path extends EventPath<Added>>(path: Path): ValueAt<Path, Added> | undefined;
  has(path: EventPath<Added>): boolean;
  /** Text of a key that has no column; undefined when the event has none. */
  unmapped(key: string): string | undefined;
  /** Peer address, certificate name or agent id that the event came from. */
  readonly source: string;
  readonly tenant: string;
  /** `<node>/<listener>/<shard>`, or an agent's id. */
  readonly stream: string;
  /** When the collector received it, in microseconds since 1970. */
  readonly receivedAtUs: number;
  /** The text that a parser is to read: behind the syslog header, or the whole event. */
  text(): string;
  /** The whole event as received; invalid UTF-8 shows as replacement characters. */
  rawText(): string;
  /** The exact bytes, a view that is valid only during the call. */
  rawBytes(): Uint8Array<ArrayBuffer>;
}

/** One event, to read and to write. */
export interface Event<Added = NoAdds> extends ReadEvent<Added> {
  /**
   * Sets a value. A path with a column takes the column's type, and an empty text clears it; any
   * other path goes to `unmapped` under its full name, as text. Throws a TypeError on a wrong type.
   */
  set<const Path extends EventPath<Added>>(path: Path, value: SettableAt<Path, Added>): void;
  /** Removes the value at a path; true when there was one. */
  delete(path: EventPath<Added>): boolean;
  /** Sends the event to quarantine with its raw bytes. Later components do not see it. */
  reject(reason?: RejectReason): void;
}
