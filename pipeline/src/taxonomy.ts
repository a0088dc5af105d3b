// The closed taxonomy: every mark, quarantine reason, refusal and loss that Weir can name.
// docs/bad-input.md explains each; a test holds that page and this table equal.

/** Marks stand in frames and batches as numbers: never reuse or renumber one. */
export const MARK = {
  oversize: 1,
  framing_invalid: 2,
  framing_incomplete: 3,
  encoding_invalid: 4,
  json_invalid: 5,
  pri_missing: 6,
  pri_invalid: 7,
  timestamp_missing: 8,
  timestamp_invalid: 9,
  timestamp_year_inferred: 10,
  timestamp_out_of_range: 11,
  syslog_header_invalid: 12,
  structured_data_invalid: 13,
  key_value_invalid: 14,
  unsupported_type: 15,
  missing_field: 16,
  nul_bytes: 17,
  parse_error: 18,
  value_invalid: 19,
  depth_exceeded: 20,
  timestamp_zone_assumed: 21,
  schema_invalid: 22,
  tenant_unknown: 23,
  component_failed: 24,
} as const;
export type MarkName = keyof typeof MARK;
export type MarkCode = (typeof MARK)[MarkName];

const markNames: (MarkName | undefined)[] = [];
for (const [name, code] of Object.entries(MARK)) markNames[code] = name as MarkName;
/** Name of a mark code; `unknown` for a code of a newer version. */
export const markName = (code: number): string => markNames[code] ?? 'unknown';

/**
 * Marks that send the event to quarantine, under this reason. All others only mark a stored row.
 */
export const QUARANTINE_REASONS = [
  'oversize',
  'framing_invalid',
  'framing_incomplete',
  'json_invalid',
  'depth_exceeded',
  'parse_error',
  'schema_invalid',
  'missing_field',
  'timestamp_invalid',
  'timestamp_out_of_range',
  'encoding_invalid',
  'tenant_unknown',
  'unsupported_type',
  'component_failed',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** Marks set at framing that put an event into quarantine whatever a parser makes of it. */
export const FRAMING_QUARANTINE: ReadonlySet<number> = new Set([
  MARK.oversize,
  MARK.framing_invalid,
  MARK.framing_incomplete,
  MARK.json_invalid,
  MARK.depth_exceeded,
]);

/** Causes of refusals: the event never got a number. */
export const REFUSAL_CAUSES = [
  'spool_full',
  'queue_full',
  'empty_line',
  'header_line',
  'body_too_large',
  'body_encoding_invalid',
  'body_aborted',
  'connection_limit',
  'udp_kernel_drop',
] as const;
/** Causes of declared losses: the event had a number. */
export const LOSS_CAUSES = [
  'spool_corruption',
  'spool_write_failed',
  'sink_overrun',
  // In the dead letter topic: a message that no loader can read. Replayed, its numbers are stored.
  'dead_letter',
] as const;
export type RefusalCause = (typeof REFUSAL_CAUSES)[number];
export type LossCause = (typeof LOSS_CAUSES)[number];
export type DispositionCause = RefusalCause | LossCause | `filter:${string}`;
