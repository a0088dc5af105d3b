// Keys of JSON and key=value events that have a column: the OCSF paths themselves and names in
// common use.
import { FIELD, FIELDS } from '@weir/pipeline';
import { KeyTable } from '../text/key-table.js';

export const AS = { text: 1, ip: 2, number: 3, time: 4, severity: 5, code: 6 } as const;

type Row = readonly [keys: string, as: number, field: number];

const ALIASES: readonly Row[] = [
  ['timestamp @timestamp ts event.time', AS.time, FIELD.time],
  ['msg', AS.text, FIELD.message],
  ['severity level log.level', AS.severity, FIELD.severity_id],
  ['host hostname host.name', AS.text, FIELD.device_hostname],
  ['src_ip srcip source.ip src.ip client.ip', AS.ip, FIELD.src_endpoint_ip],
  ['src_port srcport source.port src.port', AS.number, FIELD.src_endpoint_port],
  ['dst_ip dstip dest_ip destination.ip dst.ip server.ip', AS.ip, FIELD.dst_endpoint_ip],
  ['dst_port dstport dest_port destination.port dst.port', AS.number, FIELD.dst_endpoint_port],
  ['user username user_name', AS.text, FIELD.actor_user_name],
  ['appname', AS.text, FIELD.actor_process_name],
  ['pid', AS.number, FIELD.actor_process_pid],
  ['url url.original', AS.text, FIELD.http_request_url_url_string],
  ['event_id event.id', AS.text, FIELD.metadata_uid],
  ['event.code', AS.text, FIELD.metadata_event_code],
];

/** A field, and how a text becomes its value. */
export interface FieldTarget {
  readonly as: number;
  readonly field: number;
}

const targets = new Map<string, FieldTarget>();
const rows: Row[] = [...ALIASES];
FIELDS.forEach((spec, field) => {
  let as: number = AS.text;
  if (spec.type === 'DateTime64(6)') as = AS.time;
  else if (spec.kind === 'number') as = AS.number;
  else if (spec.kind === 'code') as = AS.code;
  else if (spec.path.endsWith('.ip')) as = AS.ip;
  targets.set(spec.path, { as, field });
  // A lone word such as `version` or `status` means something else to every sender.
  if (spec.storage === 'attribute' && !spec.path.includes('.')) return;
  rows.push([spec.path, as, field]);
});

/** Of an OCSF path that someone chose; null where Weir has no such field. */
export const targetOfPath = (path: string): FieldTarget | null => targets.get(path) ?? null;

const flat = rows.flatMap(([keys, as, field]) =>
  keys.split(' ').map((key) => ({ key, as, field })),
);
/** Number of a key: index into keyAs and keyField. */
export const keyTable = new KeyTable(flat.map(({ key }, index) => [key, index + 1] as const));
export const keyAs = Uint8Array.from([0, ...flat.map(({ as }) => as)]);
export const keyField = Uint16Array.from([0, ...flat.map(({ field }) => field)]);
