// A line of an archive as the event that it was: identity and raw bytes. What was parsed out of it
// is not looked at, for whoever gets it parses it again.
export interface ArchivedEvent {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seq: number;
  readonly ingestUs: number;
  readonly source: string;
  readonly sourceSeq: number;
  readonly raw: Uint8Array;
}

const NAME_CHARS_MAX = 512;
/** It has 64 bits. */
const EPOCH_MAX = 2n ** 64n - 1n;

/** Null for what is no line that a sink of Weir wrote. */
export function archivedEventOf(line: string): ArchivedEvent | null {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof row !== 'object' || row === null) return null;
  const { tenant_id, stream, epoch, seq, ingest_time, source, source_seq } = row;
  if (!isName(tenant_id) || !isName(stream)) return null;
  if (typeof epoch !== 'string' || !/^\d{1,20}$/.test(epoch)) return null;
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) return null;
  const ingestUs = typeof ingest_time === 'string' ? microsecondsOf(ingest_time) : null;
  const raw = rawOf(row);
  if (ingestUs === null || raw === null) return null;
  if (BigInt(epoch) > EPOCH_MAX) return null;
  return {
    ...{ tenant: tenant_id, stream, epoch: BigInt(epoch), seq: seq as number, ingestUs, raw },
    source: typeof source === 'string' ? source : '',
    sourceSeq: Number.isSafeInteger(source_seq) ? (source_seq as number) : 0,
  };
}

function rawOf({ raw_data, raw_data_base64 }: Record<string, unknown>): Uint8Array | null {
  if (typeof raw_data_base64 === 'string') return Buffer.from(raw_data_base64, 'base64');
  return typeof raw_data === 'string' ? Buffer.from(raw_data) : null;
}

/** `2026-03-01T12:00:00.123456Z`; Date keeps milliseconds only. */
function microsecondsOf(text: string): number | null {
  const [, seconds = '', fraction = ''] = /^(.{19})\.(\d{6})Z$/.exec(text) ?? [];
  const ms = Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) ? null : ms * 1000 + Number(fraction);
}

/** What is allowed beyond that, the receiver says. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= NAME_CHARS_MAX;
