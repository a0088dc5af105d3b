// Checks of batches against the tables before they are sent, while it is not known what an earlier
// process has sent: its intent is unreadable or gone, or the consumer's frontier fell back.

import type { BatchHead } from '../../delivery/batch-head.js';
import type { Store, TableNames } from '../store/index.js';
import { Landed, readBack } from './landed.js';

export class Checks {
  readonly #store: Store;
  readonly #tables: TableNames;
  /** Highest number in either table, by stream and epoch; -1 for none. Read once a beginning. */
  readonly #seqMax = new Map<string, number>();
  /** From the first doubt until a group was delivered that needed no check. */
  isActive = false;
  #framesLeft = 0;

  constructor(store: Store, tables: TableNames) {
    this.#store = store;
    this.#tables = tables;
  }

  /** After a fence. From now on every frame that is pending is checked; what comes later is new. */
  begin(pendingFrameCount: number): void {
    this.#framesLeft = this.isActive ? pendingFrameCount : 0;
    // This process may have sent more since the last look.
    this.#seqMax.clear();
  }

  /** What of the batch is in the tables; null when nothing can be. */
  async landedOf(head: BatchHead): Promise<Landed | null> {
    if (this.#framesLeft <= 0) return null;
    this.#framesLeft--;
    if (head.eventCount === 0 || head.seqFirst > (await this.#seqMaxOf(head))) return new Landed();
    const { tenant, stream, seqFirst, ingestUs } = head;
    const seqLast = seqFirst + head.eventCount - 1;
    const range = { tenant, stream, epoch: String(head.epoch), seqFirst, seqLast };
    return readBack(this.#store, this.#tables, [range], ingestUs, ingestUs);
  }

  /**
   * Streams are inserted in order, and a fence stands before the first look: numbers above the
   * highest cannot be in the tables, so most batches need no query of their own.
   */
  async #seqMaxOf(head: BatchHead): Promise<number> {
    const { tenant, stream, seqFirst } = head;
    const epoch = String(head.epoch);
    const key = JSON.stringify([tenant, stream, epoch]);
    let seqMax = this.#seqMax.get(key);
    if (seqMax !== undefined) return seqMax;
    seqMax = -1;
    for (const table of ['events', 'quarantine'] as const) {
      const rows = await this.#store.query<{ found: string; seq_max: string }>(
        `SELECT count() AS found, max(seq) AS seq_max FROM ${this.#tables[table]} ` +
          'WHERE tenant_id = {tenant:String} AND stream = {stream:String} ' +
          'AND epoch = {epoch:UInt64} AND seq >= {seqFirst:UInt64} ' +
          'SETTINGS select_sequential_consistency = 1',
        { tenant, stream, epoch, seqFirst },
      );
      const row = rows[0];
      if (row !== undefined && row.found !== '0') seqMax = Math.max(seqMax, Number(row.seq_max));
    }
    this.#seqMax.set(key, seqMax);
    return seqMax;
  }
}
