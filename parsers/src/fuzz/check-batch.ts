// What holds of every parsed batch, whatever its bytes.
import {
  type EventBatch,
  EventRow,
  MARK,
  markName,
  QUARANTINE_REASONS,
  STATUS,
} from '@weir/pipeline';

const reasons: ReadonlySet<string> = new Set(QUARANTINE_REASONS);
const statuses: ReadonlySet<number> = new Set(Object.values(STATUS));

/** Everything that the rows say, without where it stands. */
export function described(batch: EventBatch): string[] {
  const row = new EventRow(batch);
  return Array.from({ length: batch.raw.eventCount }, (_, index) =>
    JSON.stringify([row.move(index).toOcsf(), batch.status[index]]),
  );
}

function checkSpan(batch: EventBatch, row: number, start: number, end: number): void {
  const { bytes, offsets } = batch.raw;
  if (start > end) throw new Error(`row ${row}: a span ends before it starts`);
  if (start === end) return;
  const isInScratch = start >= bytes.length && end <= bytes.length + batch.scratch.length;
  const isInRow = start >= (offsets[row] ?? 0) && end <= (offsets[row + 1] ?? 0);
  if (!isInScratch && !isInRow) throw new Error(`row ${row}: [${start}, ${end}) is outside`);
}

/** Throws where a span leaves its row, a list is out of order, or a parser threw. */
export function checkBatch(batch: EventBatch): void {
  const rows = batch.raw.eventCount;
  for (const column of batch.columns) {
    const length = column.kind === 'span' ? column.spans.length / 2 : valuesOf(column).length;
    if (length !== rows) throw new Error('a column has another number of rows');
    if (column.kind !== 'span') continue;
    for (let row = 0; row < rows; row++)
      checkSpan(batch, row, column.spans[2 * row] ?? 0, column.spans[2 * row + 1] ?? 0);
  }
  checkTuples(batch);
  for (let row = 0; row < rows; row++) {
    if (!statuses.has(batch.status[row] ?? -1)) throw new Error('an unknown status');
    if ((batch.parserIndex[row] ?? 255) >= batch.parsers.length) throw new Error('no such parser');
    const reason = batch.quarantine[row] ?? 0;
    if (reason !== 0 && !reasons.has(markName(reason))) throw new Error(`reason ${reason}`);
    if (reason === MARK.parse_error) throw new Error(`row ${row}: a parser threw`);
  }
}

const valuesOf = (column: EventBatch['columns'][number]): ArrayLike<number> =>
  column.kind === 'number' ? column.values : column.kind === 'code' ? column.codes : column.spans;

function checkTuples(batch: EventBatch): void {
  let last = 0;
  for (let i = 0; i < batch.unmapped.length; i += 5) {
    const [row = 0, keyStart = 0, keyEnd = 0, start = 0, end = 0] = batch.unmapped.subarray(
      i,
      i + 5,
    );
    if (row < last) throw new Error('unmapped pairs are not in order');
    last = row;
    checkSpan(batch, row, keyStart, keyEnd);
    checkSpan(batch, row, start, end);
  }
  last = 0;
  for (let i = 0; i < batch.marks.length; i += 3) {
    const [row = 0, mark = 0, offset = 0] = batch.marks.subarray(i, i + 3);
    if (row < last) throw new Error('marks are not in order');
    last = row;
    if (markName(mark) === 'unknown') throw new Error(`mark ${mark} is not in the taxonomy`);
    const length = (batch.raw.offsets[row + 1] ?? 0) - (batch.raw.offsets[row] ?? 0);
    if (offset > length) throw new Error(`${markName(mark)} at ${offset} of ${length} bytes`);
  }
}
