// Rows of quarantine as the batches that they came in: the same numbers, bytes, sources and time of
// receipt, so that parsing them again gives rows under their first identity.
import {
  allocateBytes,
  type InputFormat,
  LIMITS,
  MARK,
  type MarkName,
  type SequencedBatch,
  type SourceRun,
} from '@weir/pipeline';
import type { QuarantineRow } from './rows.js';

/** With these the bytes are not the event as it was sent: no parser can mend that. */
const CUT_MARKS: readonly MarkName[] = ['oversize', 'framing_incomplete', 'framing_invalid'];

/** The bytes are a part of the event, or of more than one. */
export const isCut = ({ reason, marks }: Pick<QuarantineRow, 'reason' | 'marks'>): boolean =>
  CUT_MARKS.some((mark) => reason === mark || marks.includes(mark));

export interface RequeueBatch {
  readonly batch: SequencedBatch;
  readonly rows: readonly QuarantineRow[];
  /** Numbers in the batch's range that are not asked for; they have no bytes. Ascending. */
  readonly holes: readonly number[];
}

const BRACE = 0x7b;
const SPACE = 0x20;

/** Of rows from before the format was noted: as `weir parse` takes input. */
export function formatOf({ format, raw }: QuarantineRow): InputFormat {
  if (format !== '') return format;
  return raw.find((byte) => byte > SPACE) === BRACE ? 'json' : 'syslog';
}

/** What is the same in all rows of a batch. */
const keyOf = (row: QuarantineRow): string =>
  JSON.stringify([
    ...[row.tenant, row.stream, row.epoch, row.ingestUs, row.retentionClass],
    ...[formatOf(row), row.attempt],
  ]);

export function batchesOf(rows: readonly QuarantineRow[]): RequeueBatch[] {
  const byKey = new Map<string, QuarantineRow[]>();
  for (const row of rows) {
    const known = byKey.get(keyOf(row));
    if (known === undefined) byKey.set(keyOf(row), [row]);
    else known.push(row);
  }
  const batches: RequeueBatch[] = [];
  for (const group of byKey.values()) {
    group.sort((a, b) => a.seq - b.seq);
    let part: QuarantineRow[] = [];
    for (const row of group) {
      const first = part[0];
      if (first !== undefined && row.seq - first.seq >= LIMITS.batchEventCountMax) {
        batches.push(batchOf(part));
        part = [];
      }
      part.push(row);
    }
    batches.push(batchOf(part));
  }
  return batches;
}

function batchOf(rows: readonly QuarantineRow[]): RequeueBatch {
  const first = rows[0] as QuarantineRow;
  const eventCount = (rows.at(-1) as QuarantineRow).seq - first.seq + 1;
  const offsets = new Uint32Array(eventCount + 1);
  const bytes = allocateBytes(rows.reduce((sum, { raw }) => sum + raw.length, 0));
  const runs: SourceRun[] = [];
  const holes: number[] = [];
  let at = 0;
  let next = 0;
  for (let event = 0; event < eventCount; event++) {
    const row = rows[next] as QuarantineRow;
    if (row.seq === first.seq + event) {
      bytes.set(row.raw, at);
      at += row.raw.length;
      next++;
      addToRuns(runs, row.source, row.sourceSeq, row.context);
    } else {
      holes.push(first.seq + event);
      addToRuns(runs, '', 0, '');
    }
    offsets[event + 1] = at;
  }
  const batch: SequencedBatch = {
    tenant: first.tenant,
    stream: first.stream,
    epoch: BigInt(first.epoch),
    seqFirst: first.seq,
    retentionClass: first.retentionClass,
    format: formatOf(first),
    receivedAtNs: BigInt(first.ingestUs) * 1000n,
    eventCount,
    bytes,
    offsets,
    marks: framingMarks(rows, first.seq),
    runs,
    requestParts: [],
    dispositions: [],
    attempt: first.attempt + 1,
  };
  return { batch, rows, holes };
}

function addToRuns(runs: SourceRun[], source: string, sourceSeq: number, context: string): void {
  const last = runs.at(-1);
  const isNext =
    last !== undefined &&
    last.source === source &&
    last.context === context &&
    (source === '' || last.sourceSeqFirst + last.eventCount === sourceSeq);
  if (isNext) runs[runs.length - 1] = { ...last, eventCount: last.eventCount + 1 };
  else runs.push({ eventCount: 1, source, sourceSeqFirst: sourceSeq, context });
}

/** What framing noticed and no parser can see in the bytes any more. */
function framingMarks(rows: readonly QuarantineRow[], seqFirst: number): Uint32Array<ArrayBuffer> {
  const marks: number[] = [];
  for (const row of rows)
    for (const name of CUT_MARKS)
      if (row.reason === name || row.marks.includes(name))
        marks.push(row.seq - seqFirst, MARK[name], row.originalBytes);
  return Uint32Array.from(marks);
}
