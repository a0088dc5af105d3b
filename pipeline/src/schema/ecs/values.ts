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

const sources = ECS_FIELDS.map((field) =>
  field.sources.map(({ path, transform }) => ({
    field: FIELD_BY_PATH.get(path) ?? -1,
    transform: TRANSFORMS[transform],
  })),
);
const CLASS = FIELD_BY_PATH.get('class_uid') ?? -1;
const TYPE = FIELD_BY_PATH.get('type_uid') ?? -1;
const CATEGORY = FIELD_BY_PATH.get('category_uid') ?? -1;
const UID = FIELD_BY_PATH.get('metadata.uid') ?? -1;
const FACILITY = FIELD_BY_PATH.get('syslog.facility') ?? -1;
const SEVERITY = FIELD_BY_PATH.get('syslog.severity') ?? -1;
const FINDING_CATEGORY = 2;

/** Nested ECS object; what has no ECS field stands under `weir`. */
export function ecsOf(parts: OcsfParts): EcsEvent {
  const event: EcsEvent = {};
  if (parts.rejection !== null) event.error = { code: parts.rejection.reason };
  const classUid = Number(parts.valueOf(CLASS) ?? 0);
  const ids = { class_uid: classUid, type_uid: Number(parts.valueOf(TYPE) ?? 0) };
  ECS_FIELDS.forEach((ecs, index) => {
    if (!holds(ecs.when, ids)) return;
    for (const { field, transform } of sources[index] ?? []) {
      const value = parts.valueOf(field);
      const shown = value === undefined ? null : transform(value);
      if (shown === null) continue;
      place(event, ecs.name, shown);
      return;
    }
  });
  const isFinding = parts.valueOf(CATEGORY) === FINDING_CATEGORY;
  place(event, 'event.kind', isFinding ? 'alert' : 'event');
  const category = CATEGORY_BY_CLASS[classUid];
  if (category !== undefined) place(event, 'event.category', [category]);
  const facility = parts.valueOf(FACILITY);
  const severity = parts.valueOf(SEVERITY);
  if (facility !== undefined && severity !== undefined)
    place(event, 'log.syslog.priority', Number(facility) * 8 + Number(severity));
  const msgId = parts.parser?.name === 'syslog_5424' ? parts.valueOf(UID) : undefined;
  if (msgId !== undefined) place(event, 'log.syslog.msgid', msgId);
  place(event, 'ecs.version', ECS_VERSION);
  const { raw_data, raw_data_base64 } = rawFields(parts.raw);
  place(event, 'event.original', raw_data);
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

function place(event: EcsEvent, name: string, value: unknown): void {
  const names = name.split('.');
  const last = names.pop() ?? '';
  let target = event;
  for (const part of names) {
    target[part] ??= {};
    target = target[part] as EcsEvent;
  }
  target[last] = value;
}
