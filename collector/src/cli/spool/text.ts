// Tables, ages, ranges and progress, as the commands below `weir spool` print them.
import { nodeClock } from '@weir/pipeline/node';
import { bytes, count, percent, span } from '../numbers.js';

/** Columns as wide as their widest cell; those of `numbers` to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[],
): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numbers.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** How long ago; `-` for never. A stamp of a clock that ran ahead is `0 s`. */
export function age(stampNs: bigint | null, nowNs: bigint): string {
  if (stampNs === null) return '-';
  return span(Math.max(0, Number((nowNs - stampNs) / 1_000_000n) / 1000));
}

/** `1 frame`, `2,000 frames`. */
export const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

const RANGES_SHOWN_MAX = 8;

/** `5..9, 12`; long lists are cut, and say so. */
export function rangesText(ranges: readonly (readonly [number, number])[]): string {
  const shown = ranges
    .slice(0, RANGES_SHOWN_MAX)
    .map(([first, last]) => (first === last ? String(first) : `${first}..${last}`));
  const left = ranges.length - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${left} ranges more` : shown.join(', ');
}

/** 64-bit numbers as text: JSON has none. */
export const toJson = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part),
    2,
  );

const PROGRESS_MS = 200;

/** A line on a terminal's standard error that says how far it is; nothing elsewhere. */
export class Progress {
  readonly #what: string;
  readonly #startedMs = nodeClock.monotonicMs();
  #shownMs = 0;
  #isShown = false;

  constructor(what: string) {
    this.#what = what;
  }

  readonly show = (bytesDone: number, bytesTotal: number): void => {
    const nowMs = nodeClock.monotonicMs();
    if (!process.stderr.isTTY || nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    const share = bytesTotal === 0 ? 1 : bytesDone / bytesTotal;
    const rate = `${bytes((bytesDone / (nowMs - this.#startedMs)) * 1000)}/s`;
    process.stderr.write(
      `\r\x1b[K${this.#what} ${bytes(bytesDone)} of ${bytes(bytesTotal)} (${percent(share)}), ${rate}`,
    );
  };

  /** Takes the line away; returns the seconds since the beginning. */
  end(): number {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
    return (nodeClock.monotonicMs() - this.#startedMs) / 1000;
  }
}
