// Header lines between the events of one sender: they name the columns of the rows behind them, and
// are no events themselves. What they say is the context of those rows (SourceRun.context).
//
// A block of header lines that names columns takes the place of the last one; any other block, such
// as the `#close` of Zeek, changes nothing. Known are the lines of Zeek's ASCII writer (LogAscii)
// and the directives of W3C extended logs (https://www.w3.org/TR/WD-logfile.html); where a source
// is set so, the first line is one too, with the names of CSV's columns.
import { LIMITS } from '../limits.js';

const HASH = 0x23;
const LESS = 0x3c;
const GREATER = 0x3e;
/** `<191>` */
const PRI_BYTES_MAX = 4;
const LF = 0x0a;
const CR = 0x0d;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Zeek: a separator follows the word. */
const ZEEK_WORDS =
  'separator set_separator empty_field unset_field path open close fields types'.split(' ');
const W3C_WORDS = [
  ...'Version: Fields: Software: Date: Start-Date: End-Date: Remark:'.split(' '),
  // Windows Firewall.
  'Time Format:',
  // Ours, for CSV.
  'Columns:',
];
const words = [...ZEEK_WORDS, ...W3C_WORDS].map((word) => encoder.encode(`#${word}`));
const FIELDS_WORDS = ['#fields', '#Fields:', '#Columns:'];
/** Stands in front of a first line of CSV in a context. */
export const COLUMNS_PREFIX = '#Columns: ';

/**
 * `marked`: lines that begin with `#` and a known word. `first_line`: the first line of a
 * connection as well.
 */
export type HeaderMode = 'marked' | 'first_line';

/** Of one connection, or of standard input. */
export class HeaderLines {
  /** For the events that follow; empty while there is none. The same string for all of them. */
  context = '';
  readonly #mode: HeaderMode;
  #isFirst = true;
  /** Lines of the block that is being read. */
  #block = '';
  #isOpen = false;
  #namesColumns = false;

  constructor(mode: HeaderMode = 'marked') {
    this.#mode = mode;
  }

  /** True when the text holds header lines alone: then it is no event. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#mode === 'first_line' && this.#isFirst) {
      this.#isFirst = false;
      this.#add(COLUMNS_PREFIX + decoder.decode(bytes.subarray(start, end)), true);
      return true;
    }
    const first = bytes[start] === LESS ? behindPri(bytes, start, end) : start;
    if (first >= end || bytes[first] !== HASH || !areHeaderLines(bytes, first, end)) {
      this.#isOpen = false;
      return false;
    }
    const text = decoder.decode(bytes.subarray(first, end));
    this.#add(
      text,
      FIELDS_WORDS.some((word) => text.startsWith(word) || text.includes(`\n${word}`)),
    );
    return true;
  }

  #add(text: string, namesColumns: boolean): void {
    if (!this.#isOpen) {
      this.#block = '';
      this.#namesColumns = false;
    }
    this.#isOpen = true;
    const isTooLong = this.#block.length + text.length >= LIMITS.sourceContextLengthMax;
    if (!isTooLong) this.#block += this.#block === '' ? text : `\n${text}`;
    this.#namesColumns ||= namesColumns;
    // A header that is not known as a whole must not name the columns of what follows.
    if (this.#namesColumns) this.context = isTooLong ? '' : this.#block;
  }
}

/** Position behind a PRI of syslog (RFC 5424 6.2.1), which some forwarders put before each line. */
function behindPri(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 2; i < end && i <= start + PRI_BYTES_MAX; i++)
    if (bytes[i] === GREATER) return i + 1;
  return end;
}

/** True when every line is a header line. */
function areHeaderLines(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position < end) {
    const newline = bytes.indexOf(LF, position);
    const stop = newline < 0 || newline > end ? end : newline;
    if (!isHeaderLine(bytes, position, stop)) return false;
    position = stop + 1;
    while (position < end && (bytes[position] === LF || bytes[position] === CR)) position++;
  }
  return true;
}

function isHeaderLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (const word of words) {
    const stop = start + word.length;
    if (stop > end) continue;
    let i = 0;
    while (i < word.length && bytes[start + i] === word[i]) i++;
    if (i < word.length) continue;
    if (stop === end || word[word.length - 1] === 0x3a) return true;
    return !isWordByte(bytes[stop] as number);
  }
  return false;
}

const isWordByte = (byte: number): boolean =>
  byte === 0x5f ||
  (byte >= 0x30 && byte <= 0x39) ||
  ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
