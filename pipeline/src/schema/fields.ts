// The event model: the OCSF 1.8 attributes that are real columns. Parsers write them by FieldId,
// the Native writer and the row view read them. Anything else goes to `unmapped`.

/** ClickHouse type of a column. Nullable where 0 is a value; OCSF ids have 0 for unknown. */
export type ColumnType =
  | 'String'
  | 'UInt8'
  | 'UInt32'
  | 'DateTime64(6)'
  | 'Nullable(UInt8)'
  | 'Nullable(UInt16)'
  | 'Nullable(UInt32)'
  | 'Nullable(UInt64)';
export type FieldKind = 'span' | 'number' | 'code';

export interface FieldSpec {
  /** Dotted OCSF path. */
  readonly path: string;
  /** Column name in ClickHouse: the path with underscores. */
  readonly column: string;
  readonly kind: FieldKind;
  readonly type: ColumnType;
  readonly summary: string;
}

/** Keeps path and kind as types, so that `event.get` knows what it returns. */
const define = <const Path extends string, const Kind extends FieldKind>(
  path: Path,
  kind: Kind,
  type: ColumnType,
  summary: string,
): FieldSpec & { readonly path: Path; readonly kind: Kind } => ({
  path,
  column: path.replaceAll('.', '_'),
  kind,
  type,
  summary,
});

/** Order is the order of the columns; append only. */
const specs = {
  /** Microseconds since 1970; the writer falls back to ingest_time where it is absent. */
  time: define('time', 'number', 'DateTime64(6)', 'When the event happened, as the event says.'),
  class_uid: define(
    'class_uid',
    'number',
    'UInt32',
    'OCSF class, for instance 4001 Network Activity.',
  ),
  category_uid: define('category_uid', 'number', 'UInt8', 'OCSF category.'),
  activity_id: define('activity_id', 'number', 'UInt8', 'What happened, within the class.'),
  type_uid: define('type_uid', 'number', 'UInt32', 'class_uid * 100 + activity_id.'),
  severity_id: define(
    'severity_id',
    'number',
    'UInt8',
    '0 Unknown, 1 Informational .. 6 Fatal, 99 Other.',
  ),
  status_id: define('status_id', 'number', 'UInt8', '0 Unknown, 1 Success, 2 Failure, 99 Other.'),
  disposition_id: define('disposition_id', 'number', 'UInt8', '1 Allowed, 2 Blocked, ... of OCSF.'),
  action: define('action', 'span', 'String', "The device's own word for what it did."),
  message: define('message', 'span', 'String', 'Human readable text of the event.'),
  metadata_event_code: define(
    'metadata.event_code',
    'span',
    'String',
    "The vendor's id of the event type.",
  ),
  metadata_log_name: define(
    'metadata.log_name',
    'span',
    'String',
    'Log the event belongs to, for instance traffic/forward.',
  ),
  metadata_product_name: define(
    'metadata.product.name',
    'code',
    'String',
    'Product that wrote the event.',
  ),
  metadata_product_vendor_name: define(
    'metadata.product.vendor_name',
    'code',
    'String',
    'Vendor of that product.',
  ),
  metadata_uid: define(
    'metadata.uid',
    'span',
    'String',
    "The event's own id, such as RFC 5424 MSGID.",
  ),
  syslog_facility: define(
    'syslog.facility',
    'number',
    'Nullable(UInt8)',
    'Facility code of the PRI (RFC 5424 6.2.1).',
  ),
  syslog_severity: define(
    'syslog.severity',
    'number',
    'Nullable(UInt8)',
    'Severity code of the PRI (RFC 5424 6.2.1).',
  ),
  device_hostname: define('device.hostname', 'span', 'String', 'Name of the device that reports.'),
  device_uid: define('device.uid', 'span', 'String', 'Serial number or id of that device.'),
  src_endpoint_ip: define('src_endpoint.ip', 'span', 'String', 'Source address.'),
  src_endpoint_port: define('src_endpoint.port', 'number', 'Nullable(UInt16)', 'Source port.'),
  src_endpoint_hostname: define('src_endpoint.hostname', 'span', 'String', 'Source host name.'),
  src_endpoint_mac: define('src_endpoint.mac', 'span', 'String', 'Source MAC address.'),
  src_endpoint_interface_name: define(
    'src_endpoint.interface_name',
    'span',
    'String',
    'Interface on the source side.',
  ),
  dst_endpoint_ip: define('dst_endpoint.ip', 'span', 'String', 'Destination address.'),
  dst_endpoint_port: define('dst_endpoint.port', 'number', 'Nullable(UInt16)', 'Destination port.'),
  dst_endpoint_hostname: define(
    'dst_endpoint.hostname',
    'span',
    'String',
    'Destination host name.',
  ),
  dst_endpoint_interface_name: define(
    'dst_endpoint.interface_name',
    'span',
    'String',
    'Interface on the destination side.',
  ),
  connection_info_protocol_num: define(
    'connection_info.protocol_num',
    'number',
    'Nullable(UInt8)',
    'IANA protocol number.',
  ),
  connection_info_uid: define('connection_info.uid', 'span', 'String', 'Session id.'),
  app_name: define('app_name', 'span', 'String', 'Application or service.'),
  traffic_bytes_in: define(
    'traffic.bytes_in',
    'number',
    'Nullable(UInt64)',
    'Bytes from destination to source.',
  ),
  traffic_bytes_out: define(
    'traffic.bytes_out',
    'number',
    'Nullable(UInt64)',
    'Bytes from source to destination.',
  ),
  traffic_packets_in: define(
    'traffic.packets_in',
    'number',
    'Nullable(UInt64)',
    'Packets from destination to source.',
  ),
  traffic_packets_out: define(
    'traffic.packets_out',
    'number',
    'Nullable(UInt64)',
    'Packets from source to destination.',
  ),
  duration: define('duration', 'number', 'Nullable(UInt64)', 'Milliseconds.'),
  actor_user_name: define('actor.user.name', 'span', 'String', 'User that acted.'),
  actor_process_name: define(
    'actor.process.name',
    'span',
    'String',
    'Process, or APP-NAME/TAG of syslog.',
  ),
  actor_process_pid: define('actor.process.pid', 'number', 'Nullable(UInt32)', 'Its process id.'),
  firewall_rule_uid: define('firewall_rule.uid', 'span', 'String', 'Policy or rule that matched.'),
  http_request_url_text: define('http_request.url.text', 'span', 'String', 'URL as in the event.'),
  url_hostname: define(
    'url.hostname',
    'span',
    'String',
    'Host part of the URL, as the event gives it.',
  ),
  file_name: define('file.name', 'span', 'String', 'File the event is about.'),
  finding_title: define(
    'finding_info.title',
    'span',
    'String',
    'Name of the attack, virus or finding.',
  ),
} satisfies Record<string, FieldSpec>;

export type FieldName = keyof typeof specs;
export const FIELD_NAMES = Object.keys(specs) as FieldName[];
export const FIELDS: readonly FieldSpec[] = FIELD_NAMES.map((name) => specs[name]);
/** FieldId by name: `out.span(row, FIELD.src_endpoint_ip, start, end)`. */
export const FIELD = Object.fromEntries(FIELD_NAMES.map((name, id) => [name, id])) as Record<
  FieldName,
  number
>;

type Specs = (typeof specs)[FieldName];
/** Dotted path of a field that is a column, for instance `src_endpoint.ip`. */
export type FieldPath = Specs['path'];
/** What `get` returns for a path: numbers for number columns, text for all others. */
export type FieldTypes = {
  readonly [Spec in Specs as Spec['path']]: Spec['kind'] extends 'number' ? number : string;
};
/** FieldId by dotted path. */
export const FIELD_BY_PATH: ReadonlyMap<string, number> = new Map(
  FIELDS.map((spec, id) => [spec.path, id]),
);
