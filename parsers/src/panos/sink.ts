// Pairs of JSON, CEF and LEEF into an event of PAN-OS. The keys are those of the Strata Logging
// Service ("Log Reference"); its CEF profile has `PanOS` before them.
import { type ColumnWriter, MARK, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { startsWith } from '../text/ascii.js';
import { PanosEvent } from './event.js';
import { keyTable, NAMES } from './names.js';

const PREFIX = 'PanOS';

export class PanosSink implements PairSink {
  readonly event = new PanosEvent();
  #out!: ColumnWriter;
  #row = 0;
  /** By name: the event that it was last seen in. */
  readonly #seen = new Uint32Array(NAMES.length);
  #generation = 0;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#out = out;
    this.#row = row;
    this.#generation = (this.#generation + 1) >>> 0;
    this.event.begin(batch, row, out);
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
  ): void {
    if (start >= end) return;
    const hasPrefix = startsWith(keySource, keyFrom, keyTo, PREFIX);
    const from = hasPrefix ? keyFrom + PREFIX.length : keyFrom;
    const name = keyTable.lookup(keySource, from, keyTo);
    const out = this.#out;
    if (name !== 0) {
      if (this.#seen[name] !== this.#generation) {
        this.#seen[name] = this.#generation;
        this.event.value(name, start, end);
        return;
      }
      // A URL or a file name may hold another `src=`: the first one counts, and this one is kept.
      out.mark(this.#row, MARK.value_invalid, 0);
    }
    let keyStart = keyInPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(keySource, keyFrom, keyTo);
    }
    out.unmapped(this.#row, keyStart, keyStart + keyTo - keyFrom, start, end);
  }
}
