// Renders an event's time once per millisecond into the pages that slots copy from.
import { CLOCK_PAGES, CLOCK_WIDTHS, type ClockPage } from './template.js';

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Where each page starts in the bytes, by page number. */
export const PAGE_STARTS: readonly number[] = CLOCK_PAGES.map((_, index) =>
  CLOCK_PAGES.slice(0, index).reduce((sum, page) => sum + CLOCK_WIDTHS[page], 0),
);
const startOf = (page: ClockPage): number => PAGE_STARTS[CLOCK_PAGES.indexOf(page)] as number;
const pagesLength = CLOCK_PAGES.reduce((sum, page) => sum + CLOCK_WIDTHS[page], 0);
const ISO_MICROS = startOf('iso') + 23;
const EPOCH_MICROS = startOf('epochUs') + 13;

export class ClockPages {
  readonly bytes = Buffer.alloc(pagesLength);
  #renderedMs = -1;

  /** Makes the pages show `timeMs` and `micros` (0 to 999). */
  show(timeMs: number, micros: number): void {
    if (timeMs !== this.#renderedMs) this.#render(timeMs);
    this.#writeMicros(ISO_MICROS, micros);
    this.#writeMicros(EPOCH_MICROS, micros);
  }

  #render(timeMs: number): void {
    this.#renderedMs = timeMs;
    const iso = new Date(timeMs).toISOString();
    const date = iso.slice(0, 10);
    const time = iso.slice(11, 19);
    const month = MONTHS[Number(iso.slice(5, 7)) - 1] as string;
    const day = String(Number(iso.slice(8, 10))).padStart(2, ' ');
    this.#write('iso', `${iso.slice(0, 23)}000Z`);
    this.#write('bsd', `${month} ${day} ${time}`);
    this.#write('asa', `${month} ${iso.slice(8, 10)} ${iso.slice(0, 4)} ${time}`);
    this.#write('date', date);
    this.#write('time', time);
    this.#write('slashed', `${date.replaceAll('-', '/')} ${time}`);
    this.#write('epochUs', `${String(timeMs).padStart(13, '0')}000`);
  }

  #write(page: ClockPage, text: string): void {
    this.bytes.write(text, startOf(page), CLOCK_WIDTHS[page], 'latin1');
  }

  #writeMicros(at: number, micros: number): void {
    const bytes = this.bytes;
    bytes[at] = 48 + ((micros / 100) | 0);
    bytes[at + 1] = 48 + (((micros / 10) | 0) % 10);
    bytes[at + 2] = 48 + (micros % 10);
  }
}
