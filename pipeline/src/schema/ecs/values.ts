// An event in the Elastic Common Schema, as an object: for people and tests, not for the hot path.
import { isoMicroseconds, type OcsfParts, rawFields } from '../../row-view.js';
import { FIELD_BY_PATH } from '../fields.js';
import {
  CATEGORY_BY_CLASS,
  DIRECTION_NAMES,
  ECS_FIELDS,
  ECS_VERSION,
  type EcsCondition,
  TRANSPORT_NAMES,
  type Transform,
} from './mapping.js';

type Value = string | number;
export type EcsEvent = Record<string, unknown>;

const TRANSFORMS: Readonly<Record<Transform, (value: Value) => Value | null>> = {
  same: (value) => value,
  number_only: (value) => (/^\d{1,15}$/.test(String(value)) ? Number(value) : null),
  word_only: (value) => (/^\d+$/.test(String(value)) ? null : String(value).toLowerCase()),
  ms_to_ns: (value) => Number(value) * 1_000_000,
  time: (value) => isoMicroseconds(Number(value)),
  transport: (value) => TRANSPORT_NAMES[Number(value)] ?? String(value),
  lower: (value) => String(value).toLowerCase(),
  mac: (value) => String(value).toUpperCase().replaceAll(':', '-'),
  basename: (value) => String(value).replace(/^.*[\\/](?=[^\\/])/s, ''),
  outcome: (value) => ({ 1: 'success', 2: 'failure' })[Number(value)] ?? null,
  ip_version: (value) => ({ 4: 'ipv4', 6: 'ipv6' })[Number(value)] ?? null,
  direction: (value) => DIRECTION_NAMES[Number(value)] ?? null,
};

interface EcsEntry {
  /** Parts of the name. */
  readonly names: readonly string[];
  readonly when: EcsCondition | undefined;
  readonly sources: readonly {
    readonly field: number;
    readonly transform: (value: Value) => Value | null;
  }[];
}

/** The ECS fields that events of one kind can have. */
export type EcsPlan = readonly EcsEntry[];

const WHOLE_PLAN: EcsPlan = ECS_FIELDS.map(({ name, when, sources }) => ({
  names: name.split('.'),
  when,
  sources: sources.map(({ path, transform }) => ({
    field: FIELD_BY_PATH.get(path) ?? -1,
    transform: TRANSFORMS[transform],
  })),
}));

/** For events that have only these fields, by FieldId: most have few of those that there are. */
export function ecsPlan(hasField: (field: number) => boolean): EcsPlan {
  return WHOLE_PLAN.flatMap((entry) => {
    const sources = entry.sources.filter(({ field }) => hasField(field));
    return sources.length === 0 ? [] : [{ ...entry, sources }];
  });
}

const KIND = ['event', 'kind'];
const CATEGORY_NAME = ['event', 'category'];
const PRIORITY = ['log', 'syslog', 'priority'];
const MSG_ID = ['log', 'syslog', 'msgid'];
const VERSION = ['ecs', 'version'];
const ORIGINAL = ['event', 'original'];
const CLASS = FIELD_BY_PATH.get('class_uid') ?? -1;
const TYPE = FIELD_BY_PATH.get('type_uid') ?? -1;
const CATEGORY = FIELD_BY_PATH.get('category_uid') ?? -1;
const UID = FIELD_BY_PATH.get('metadata.uid') ?? -1;
const FACILITY = FIELD_BY_PATH.get('syslog.facility') ?? -1;
const SEVERITY = FIELD_BY_PATH.get('syslog.severity') ?? -1;
const FINDING_CATEGORY = 2;

/**
 * Nested ECS object; what has no ECS field stands under `weir`. `plan`: of the fields that the event
 * can have.
 */
export function ecsOf(parts: OcsfParts, plan: EcsPlan = WHOLE_PLAN): EcsEvent {
  const event: EcsEvent = {};
  if (parts.rejection !== null) event.error = { code: parts.rejection.reason };
  const classUid = Number(parts.valueOf(CLASS) ?? 0);
  const ids = { class_uid: classUid, type_uid: Number(parts.valueOf(TYPE) ?? 0) };
  for (const { names, when, sources } of plan) {
    if (!holds(when, ids)) continue;
    for (const { field, transform } of sources) {
      const value = parts.valueOf(field);
      const shown = value === undefined ? null : transform(value);
      if (shown === null) continue;
      place(event, names, shown);
      break;
    }
  }
  const isFinding = parts.valueOf(CATEGORY) === FINDING_CATEGORY;
  place(event, KIND, isFinding ? 'alert' : 'event');
  const category = CATEGORY_BY_CLASS[classUid];
  if (category !== undefined) place(event, CATEGORY_NAME, [category]);
  const facility = parts.valueOf(FACILITY);
  const severity = parts.valueOf(SEVERITY);
  if (facility !== undefined && severity !== undefined)
    place(event, PRIORITY, Number(facility) * 8 + Number(severity));
  const msgId = parts.parser?.name === 'syslog_5424' ? parts.valueOf(UID) : undefined;
  if (msgId !== undefined) place(event, MSG_ID, msgId);
  place(event, VERSION, ECS_VERSION);
  const { raw_data, raw_data_base64 } = rawFields(parts.raw);
  place(event, ORIGINAL, raw_data);
  event.weir = {
    class_uid: classUid,
    ...(parts.parser === undefined
      ? {}
      : { parser: parts.parser.name, parser_version: parts.parser.version }),
    ...(parts.marks.length > 0 ? { marks: parts.marks } : {}),
    ...(parts.rejection === null ? {} : { offset: parts.rejection.offset }),
    ...(raw_data_base64 === undefined ? {} : { raw_data_base64 }),
    ...(Object.keys(parts.unmapped).length > 0 ? { unmapped: parts.unmapped } : {}),
  };
  return event;
}

const holds = (
  when: EcsCondition | undefined,
  ids: Readonly<Record<EcsCondition['field'], number>>,
): boolean => when === undefined || when.ids.includes(ids[when.field]) !== when.isNot;

function place(event: EcsEvent, names: readonly string[], value: unknown): void {
  let target = event;
  const last = names.length - 1;
  for (let i = 0; i < last; i++) {
    const name = names[i] as string;
    target[name] ??= {};
    target = target[name] as EcsEvent;
  }
  target[names[last] as string] = value;
}
