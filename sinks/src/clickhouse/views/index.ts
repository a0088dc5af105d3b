// The views of an events table in other schemas: v_ecs (Elastic Common Schema) and v_otel_logs (the
// columns that ClickStack and Grafana expect). Made anew at each start from the one mapping table
// in
// @weir/pipeline, so that they follow the code; they hold no data.
import { CATEGORY_BY_CLASS, ECS_VERSION } from '@weir/pipeline';
import type { TableNames } from '../store/tables.js';
import { ecsColumns, sqlText } from './expressions.js';

const FINDING_CATEGORY = 2;
const name = (column: string): string => `\`${column}\``;

/** SELECT of v_ecs: a column for each ECS field, by its dotted name. */
export function ecsSelect(events: string): string {
  const classes = Object.entries(CATEGORY_BY_CLASS);
  const category =
    `transform(class_uid, [${classes.map(([uid]) => `toUInt32(${uid})`).join(', ')}], ` +
    `[${classes.map(([, word]) => sqlText(word)).join(', ')}], '')`;
  const columns = [
    ...ecsColumns().map((column) => `${column.sql} AS ${name(column.name)}`),
    `if(category_uid = ${FINDING_CATEGORY}, 'alert', 'event') AS ${name('event.kind')}`,
    `${category} AS ${name('event.category')}`,
    `syslog_facility * 8 + syslog_severity AS ${name('log.syslog.priority')}`,
    `if(parser = 'syslog_5424', metadata_uid, '') AS ${name('log.syslog.msgid')}`,
    `raw_data AS ${name('event.original')}`,
    `ingest_time AS ${name('event.ingested')}`,
    `${sqlText(ECS_VERSION)} AS ${name('ecs.version')}`,
    ...['tenant_id', 'stream', 'epoch', 'seq', 'source', 'source_seq', 'class_uid', 'marks'],
    ...['parser', 'parser_version', 'unmapped'].map((column) => `${column} AS ${column}`),
  ];
  return `SELECT\n  ${columns.join(',\n  ')}\nFROM ${events}`;
}

/** OpenTelemetry severity numbers (logs data model) by OCSF severity_id. */
const OTEL_SEVERITY = '[0, 9, 10, 13, 17, 18, 21]';
const OTEL_SEVERITY_TEXT = "['', 'INFO', 'INFO2', 'WARN', 'ERROR', 'ERROR2', 'FATAL']";

/** SELECT of v_otel_logs. LogAttributes are the ECS fields that an event has, and unmapped keys. */
export function otelLogsSelect(events: string): string {
  const attributes = ecsColumns()
    .filter((column) => column.name !== '@timestamp' && column.name !== 'message')
    .map(({ name: key, type, sql }) => {
      const text = type === 'text' ? sql : `ifNull(toString(${sql}), '')`;
      return `${sqlText(key)}, ${text}`;
    });
  const severity = 'if(severity_id <= 6, severity_id, 0) + 1';
  return `SELECT
  toDateTime64(time, 9, 'UTC') AS Timestamp,
  toDateTime(time, 'UTC') AS TimestampTime,
  '' AS TraceId,
  '' AS SpanId,
  toUInt8(0) AS TraceFlags,
  ${OTEL_SEVERITY_TEXT}[${severity}] AS SeverityText,
  toUInt8(${OTEL_SEVERITY}[${severity}]) AS SeverityNumber,
  multiIf(
    metadata_product_name != '', toString(metadata_product_name),
    actor_process_name != '', toString(actor_process_name),
    toString(parser)
  ) AS ServiceName,
  if(message != '', message, raw_data) AS Body,
  '' AS ResourceSchemaUrl,
  mapFilter((k, v) -> v != '', map(
    'service.name', ServiceName,
    'host.name', toString(device_hostname),
    'weir.tenant', toString(tenant_id),
    'weir.stream', toString(stream),
    'weir.source', toString(source)
  )) AS ResourceAttributes,
  '' AS ScopeSchemaUrl,
  toString(parser) AS ScopeName,
  toString(parser_version) AS ScopeVersion,
  map()::Map(String, String) AS ScopeAttributes,
  mapConcat(
    mapFilter((k, v) -> v != '', map(
      ${attributes.join(',\n      ')}
    )),
    CAST(unmapped, 'Map(String, String)')
  ) AS LogAttributes,
  tenant_id,
  stream,
  epoch,
  seq
FROM ${events}`;
}

/** Need the columns of the full profile. */
export const viewStatements = (tables: TableNames): string[] =>
  (
    [
      ['v_ecs', ecsSelect(tables.events)],
      ['v_otel_logs', otelLogsSelect(tables.events)],
    ] as const
  ).map(([view, select]) => `CREATE OR REPLACE VIEW \`${tables.database}\`.${view} AS ${select}`);
