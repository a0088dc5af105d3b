// Changed events, fast: a million in some seconds. Seeded; made in one buffer that is used again.
import { SimRandom } from '@weir/pipeline/testing';

const EVENT_BYTES_MAX = 6_000;
/** What parsers decide on: separators, quotes, escapes, digits, odd bytes. */
const TELLING = Buffer.concat([
  Buffer.from('<>[]{}"\'\\=:,|;-.%*#/@&()_~^! 0129TZ\t'),
  Buffer.from([0x00, 0x0a, 0x0d, 0x80, 0xc3, 0xff, 0xef]),
]);
/** Pieces that one byte at a time would seldom make. */
const PIECES = [
  ...[
    '="',
    '" ',
    '\\"',
    '":"',
    '","',
    '{"',
    '"}',
    '[[',
    ']]',
    '<13>',
    '<191>1 ',
    ' - - - ',
    '0x',
    '::',
  ],
  ...[
    '4294967296',
    '18446744073709551616',
    '-1',
    '1e999',
    'NaN',
    '2026-02-30',
    '99:99:99',
    '%ASA-',
  ],
  ...[
    'CEF:0|',
    'LEEF:2.0|',
    'type=',
    'msg=audit(',
    '&#x41;',
    '<![CDATA[',
    ']]>',
    '\u0000',
    '\\x09',
  ],
].map((text) => Buffer.from(text));

export class Mutator {
  readonly #random: SimRandom;
  readonly #fixtures: readonly Uint8Array[];
  readonly #buffer = new Uint8Array(4 * EVENT_BYTES_MAX);

  constructor(seed: number, fixtures: readonly Uint8Array[]) {
    this.#random = new SimRandom(seed);
    this.#fixtures = fixtures;
  }

  /** A view that is valid until the next call. */
  next(): Uint8Array {
    const random = this.#random;
    const buffer = this.#buffer;
    const fixture = random.pick(this.#fixtures);
    let length = Math.min(fixture.length, EVENT_BYTES_MAX);
    buffer.set(fixture.subarray(0, length));
    // Most defects need one change; some events stay whole, so that later stages are reached.
    const editCount = random.below(8) === 0 ? random.below(12) : random.below(4);
    for (let i = 0; i < editCount; i++) length = Math.min(this.#edit(length), EVENT_BYTES_MAX);
    return buffer.subarray(0, length);
  }

  /** Returns the new length. */
  #edit(length: number): number {
    const random = this.#random;
    const buffer = this.#buffer;
    const at = random.below(length + 1);
    switch (random.below(9)) {
      case 0:
        buffer[at] = random.below(256);
        return Math.max(length, at + 1);
      case 1:
        buffer[at] = random.pick([...TELLING]);
        return Math.max(length, at + 1);
      case 2:
        return this.#insert(length, at, Buffer.of(random.pick([...TELLING])));
      case 3:
        return this.#insert(length, at, random.pick(PIECES));
      case 4: {
        const end = Math.min(length, at + 1 + random.below(8));
        buffer.copyWithin(at, end, length);
        return length - (end - at);
      }
      case 5:
        return at;
      case 6: {
        // A part twice: keys that come again, fields too many.
        const end = Math.min(length, at + random.below(64));
        return this.#insert(length, at, buffer.slice(at, end));
      }
      case 7: {
        const other = random.pick(this.#fixtures);
        const from = random.below(other.length + 1);
        const tail = other.subarray(from, from + EVENT_BYTES_MAX);
        buffer.set(tail, at);
        return at + tail.length;
      }
      default: {
        const other = random.pick(this.#fixtures);
        const from = random.below(other.length + 1);
        return this.#insert(length, at, other.subarray(from, from + 1 + random.below(40)));
      }
    }
  }

  #insert(length: number, at: number, piece: Uint8Array): number {
    this.#buffer.copyWithin(at + piece.length, at, length);
    this.#buffer.set(piece, at);
    return length + piece.length;
  }
}
