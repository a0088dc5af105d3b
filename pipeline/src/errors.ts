// Operating errors are values with a code from this table; broken invariants end the process and
// the spool recovers. docs/generated/errors.md is made from the table; a test holds them equal.

export const ERRORS = {
  WEIR_USAGE: 'The command line is wrong.',
  WEIR_CONFIG_INVALID: 'The configuration is wrong; the message starts with the path of the value.',
  WEIR_CONFIG_UNREADABLE:
    'The configuration file cannot be read or is not valid TOML, YAML or JSON.',
  WEIR_ADDRESS_IN_USE: 'Another process listens on this address.',
  WEIR_ADDRESS_UNAVAILABLE: 'This address cannot be listened on.',
  WEIR_DATA_DIR_UNWRITABLE: 'The data directory cannot be created or written.',
  WEIR_DATA_DIR_LOCKED: 'Another process uses the data directory.',
  WEIR_SPOOL_VERSION:
    'The spool was written by a version that this one cannot read; it was left untouched.',
  WEIR_SPOOL_IO: 'Writing or reading the spool failed.',
  WEIR_SPOOL_CLOSED: 'The spool was closed while the operation waited.',
  WEIR_KAFKA_CLIENT_MISSING: 'The Kafka client is not installed, or does not fit this Node.js.',
  WEIR_KAFKA_UNREACHABLE: 'No broker answers, or it refuses the credentials.',
  WEIR_SINK_UNREACHABLE: 'The destination of a sink cannot be reached.',
  WEIR_SINK_REJECTED: 'The destination of a sink refused events.',
  WEIR_SINK_IO: 'Writing a file of a sink, of its ledger or of its quarantine failed.',
  WEIR_STORE_UNREACHABLE: 'ClickHouse cannot be reached.',
  WEIR_STORE_REJECTED: 'ClickHouse refused the statement.',
  WEIR_STORE_ENGINE_MISSING: 'The embedded engine is not available on this platform.',
  WEIR_MIGRATION_CHANGED: 'A migration that was already applied has changed since.',
  WEIR_STORE_PROFILE:
    'The events table was made with another profile than is configured, or is none of Weir.',
  WEIR_BACKUP_INVALID: 'A backup is not whole, or does not match its manifest.',
  WEIR_EVENT_INVALID: 'Bytes are no event in the encoding that was named.',
  WEIR_REQUEUE_BUSY: 'Another requeue from quarantine is under way.',
  WEIR_WORKER_FAILED: 'A pipeline worker threw or died.',
  WEIR_NOT_RUNNING: 'No instance runs on the data directory.',
  WEIR_ABORTED: 'The operation was cancelled.',
} as const;
export type ErrorCode = keyof typeof ERRORS;

/** Flat and closed, so that it survives a thread boundary and a log line. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** An operating error. Match on `code`, never on the message. */
export class WeirError extends Error {
  override readonly name = 'WeirError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** What crosses threads instead of an Error, which would lose its class and code. */
export interface FailureRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export function toFailure(error: unknown, code: ErrorCode): FailureRecord {
  if (error instanceof WeirError)
    return { code: error.code, message: error.message, details: error.details };
  return { code, message: messageOf(error), details: {} };
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The `code` of a system error such as ENOSPC, or an empty string. */
export function systemCodeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const NO_SPACE_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** The disk, or somebody's share of it, is full: that, or what it was the cause of. */
export function isNoSpace(error: unknown): boolean {
  if (NO_SPACE_CODES.has(systemCodeOf(error))) return true;
  return error instanceof Error && error.cause !== undefined && isNoSpace(error.cause);
}

/** Thrown by assert; the process must end on it. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(`broken invariant: ${invariant}`);
}
