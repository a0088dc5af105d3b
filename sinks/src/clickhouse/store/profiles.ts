// The columns of an events table, by the profile of the store: `full` has one for every field of
// the schema, `slim` only what names, dates and classifies an event, beside its bytes. The tables'
// types stand in database_migrations; a test holds both together.
import { FIELD, FIELDS, type StoreProfile } from '@weir/pipeline';

/** Of the events and the quarantine table, in every profile. */
const IDENTITY_COLUMNS: readonly string[] = [
  'tenant_id',
  'stream',
  'epoch',
  'seq',
  'source',
  'source_seq',
  'ingest_time',
  'retention_class',
  'parser',
  'parser_version',
  'raw_data',
];

export const QUARANTINE_COLUMNS: readonly string[] = [
  ...IDENTITY_COLUMNS,
  'marks',
  'reason',
  'failed_offset',
  'original_bytes',
  'format',
  'context',
  'attempt',
];

export interface ProfileColumns {
  /** Blocks may leave out any of these; the server fills in the default. */
  readonly columns: readonly string[];
  /** By FieldId: whether the field is a column. */
  readonly hasField: readonly boolean[];
  /** Whether there are `marks`, `attributes` and `unmapped`: an Array and two Maps. */
  readonly hasLists: boolean;
  /** Whether raw_data has its text index unless somebody says otherwise. */
  readonly hasTextIndex: boolean;
}

const LIST_COLUMNS: readonly string[] = ['marks', 'unmapped'];
const SLIM_FIELDS: ReadonlySet<number> = new Set([FIELD.time, FIELD.class_uid, FIELD.severity_id]);

function profileColumns(hasField: readonly boolean[], isFull: boolean): ProfileColumns {
  const fields = FIELDS.filter((_, id) => hasField[id]).map(({ column }) => column);
  const lists = isFull ? [...LIST_COLUMNS, 'attributes'] : [];
  return {
    columns: [...IDENTITY_COLUMNS, 'status', ...lists, ...fields],
    hasField,
    hasLists: isFull,
    hasTextIndex: isFull,
  };
}

export const PROFILES: Readonly<Record<StoreProfile, ProfileColumns>> = {
  full: profileColumns(
    FIELDS.map(({ storage }) => storage === 'column'),
    true,
  ),
  slim: profileColumns(
    FIELDS.map((_, id) => SLIM_FIELDS.has(id)),
    false,
  ),
};

export const STORE_PROFILES = Object.keys(PROFILES) as StoreProfile[];

/** Of an events table with these columns; people may have added others of their own. */
export const profileOfColumns = (columns: readonly string[]): StoreProfile =>
  LIST_COLUMNS.every((name) => columns.includes(name)) ? 'full' : 'slim';

/** What a table lacks to be an events table, of any profile. */
export const missingIdentityColumns = (columns: readonly string[]): string[] =>
  IDENTITY_COLUMNS.filter((name) => !columns.includes(name));
