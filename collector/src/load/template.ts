// A template is one rendered event whose varying places (slots) have fixed widths. Making an event
// is then one copy and a few digits written over it: no string and no object per event.

/** What a slot is filled with. The values stand in packed slots. */
export const SLOT = {
  /** Digits 0-9. */
  digits: 0,
  /** Digits of which the first is 1-9. */
  number: 1,
  /** Lower-case hex digits. */
  hex: 2,
  /** Letters, digits, - and _. */
  token: 3,
  /** The sequence number, ten digits. */
  sequence: 4,
  /** From here on: a page of the clock, in the order of CLOCK_PAGES. */
  clock: 5,
} as const;

/** Renderings of an event's time (UTC), in the order in which pages are numbered. */
export const CLOCK_PAGES = [
  /** 2026-11-21T13:05:09.123456Z */
  'iso',
  /** Nov 21 13:05:09 (RFC 3164 4.1.2: the day is padded with a space) */
  'bsd',
  /** Nov 21 2026 13:05:09 (Cisco ASA, `logging timestamp`) */
  'asa',
  /** 2026-11-21 */
  'date',
  /** 13:05:09 */
  'time',
  /** 2026/11/21 13:05:09 (PAN-OS) */
  'slashed',
  /** Microseconds since 1970, 16 digits */
  'epochUs',
] as const;
export type ClockPage = (typeof CLOCK_PAGES)[number];
export const CLOCK_WIDTHS: Readonly<Record<ClockPage, number>> = {
  iso: 27,
  bsd: 15,
  asa: 20,
  date: 10,
  time: 8,
  slashed: 19,
  epochUs: 16,
};
export const SEQUENCE_DIGITS = 10;

const OFFSET_BITS = 16;
const WIDTH_BITS = 8;
export const slotOffset = (slot: number): number => slot & 0xffff;
export const slotWidth = (slot: number): number => (slot >>> OFFSET_BITS) & 0xff;
export const slotKind = (slot: number): number => slot >>> (OFFSET_BITS + WIDTH_BITS);

export interface Template {
  /** The octet count and a space, the event, a newline: each framing is a view into this. */
  readonly bytes: Uint8Array;
  /** Bytes of the octet count and its space (RFC 6587 3.4.1). */
  readonly prefixLength: number;
  /** Packed: kind in 8 bits, width in 8, offset from the event's first byte in 16. */
  readonly slots: Uint32Array;
}

/**
 * Collects text and slots of one event. Text is ASCII; `escaped` writes it as inside a JSON string.
 */
export class TemplateWriter {
  #text = '';
  readonly #slots: number[] = [];
  #escaped = false;
  readonly #runId: string;
  constructor(runId: string) {
    this.#runId = runId;
  }

  text(text: string): this {
    this.#text += this.#escaped ? JSON.stringify(text).slice(1, -1) : text;
    return this;
  }
  /** Everything that `body` writes stands inside a JSON string. */
  quoted(body: () => void): this {
    this.#escaped = true;
    body();
    this.#escaped = false;
    return this;
  }
  digits(width: number): this {
    return this.#slot(SLOT.digits, width);
  }
  number(width: number): this {
    return this.#slot(SLOT.number, width);
  }
  hex(width: number): this {
    return this.#slot(SLOT.hex, width);
  }
  token(width: number): this {
    return this.#slot(SLOT.token, width);
  }
  clock(page: ClockPage): this {
    return this.#slot(SLOT.clock + CLOCK_PAGES.indexOf(page), CLOCK_WIDTHS[page]);
  }
  /** `seq=0000000123 run=ID`: how a proof finds the event again, whatever the format. */
  mark(): this {
    this.text('seq=');
    this.#slot(SLOT.sequence, SEQUENCE_DIGITS);
    return this.text(` run=${this.#runId}`);
  }

  finish(): Template {
    const prefix = `${this.#text.length} `;
    return {
      bytes: Buffer.from(`${prefix}${this.#text}\n`, 'latin1'),
      prefixLength: prefix.length,
      slots: Uint32Array.from(this.#slots),
    };
  }

  #slot(kind: number, width: number): this {
    const packed =
      (kind << (OFFSET_BITS + WIDTH_BITS)) | (width << OFFSET_BITS) | this.#text.length;
    this.#slots.push(packed >>> 0);
    this.#text += '0'.repeat(width);
    return this;
  }
}
