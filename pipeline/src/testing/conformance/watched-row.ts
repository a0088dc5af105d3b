// A row that remembers what was done to it, and the batches of such rows that a component sees.
import assert from 'node:assert/strict';
import { STATUS } from '../../batch.js';
import { messageOf } from '../../errors.js';
import { LiveRow } from '../../event/live-row.js';
import type { Adds, RejectReason } from '../../event/types.js';
import { ColumnWriter } from '../../runtime/column-writer.js';
import { FIELD_BY_PATH } from '../../schema/fields.js';
import { markName } from '../../taxonomy.js';
import { batchOf, checkColumns, checkRawBytes, described } from './batches.js';
import type { OddEvent } from './odd-events.js';

export class WatchedRow extends LiveRow {
  readonly #writer: ColumnWriter;
  /** Paths without a column that were set. */
  readonly setPaths = new Set<string>();
  changeCount = 0;

  constructor(writer: ColumnWriter, adds: Adds) {
    super(writer, adds);
    this.#writer = writer;
  }

  /** Why the event goes to quarantine; null when it does not. */
  get rejection(): string | null {
    const code = this.#writer.rejectedAs(this.row);
    return code === 0 ? null : markName(code);
  }

  override set(path: string, value: string | number | boolean): void {
    this.changeCount++;
    if (!FIELD_BY_PATH.has(path)) this.setPaths.add(path);
    super.set(path, value);
  }
  override setShared(path: string, value: string): void {
    this.changeCount++;
    super.setShared(path, value);
  }
  override delete(path: string): boolean {
    this.changeCount++;
    return super.delete(path);
  }
  override reject(reason?: RejectReason): void {
    this.changeCount++;
    super.reject(reason);
  }
}

/** A writer with a row over it, used for one batch after the other. */
export class WatchedRows {
  readonly event: WatchedRow;
  readonly #writer = new ColumnWriter();

  constructor(adds: Adds) {
    this.event = new WatchedRow(this.#writer, adds);
  }

  /** Runs `each` on every event, as a worker does behind the parser; returns what the rows say. */
  run(events: readonly OddEvent[], each: (event: WatchedRow, row: number) => void): string[] {
    const writer = this.#writer;
    const { event } = this;
    const batch = batchOf(events.map(({ raw }) => raw));
    const before = batch.bytes.slice();
    writer.begin(batch, [{ name: 'test', version: '1' }]);
    event.begin(batch);
    for (const [row, { fields }] of events.entries()) {
      writer.openRow(row);
      event.move(row);
      for (const [path, value] of fields) event.set(path, value);
      event.setPaths.clear();
      event.changeCount = 0;
      each(event, row);
      writer.setStatus(row, STATUS.parsed);
    }
    checkRawBytes(batch, before);
    const columns = writer.finish();
    checkColumns(columns);
    return described(columns);
  }
}

/** Calls a component; what it throws is told as its fault. */
export function called<Result>(call: () => Result): Result {
  let result: Result;
  try {
    result = call();
  } catch (error) {
    assert.fail(`it threw: ${messageOf(error)}`);
  }
  if (!(result instanceof Promise)) return result;
  // Nobody waits for it; what it rejects with is not told twice.
  Promise.resolve(result).catch(() => undefined);
  assert.fail('it returned a promise; it must be done before it returns');
}
