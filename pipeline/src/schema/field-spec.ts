// What is known of a field of the event model.

/** ClickHouse type of a value. Nullable where 0 is a value; OCSF ids have 0 for unknown. */
export type FieldType =
  | 'String'
  | 'UInt8'
  | 'UInt32'
  | 'DateTime64(6)'
  | 'Nullable(UInt8)'
  | 'Nullable(UInt16)'
  | 'Nullable(UInt32)'
  | 'Nullable(UInt64)'
  | 'Nullable(Float64)';
export type FieldKind = 'span' | 'number' | 'code';

export interface FieldSpec {
  /** Dotted OCSF path. */
  readonly path: string;
  /** Column in ClickHouse (the path with underscores), or key in the column `attributes`. */
  readonly column: string;
  /** A column of its own, or an entry in the column `attributes`, a Map. */
  readonly storage: 'column' | 'attribute';
  readonly kind: FieldKind;
  readonly type: FieldType;
  readonly summary: string;
}
