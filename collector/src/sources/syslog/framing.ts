// Syslog framing on one TCP connection (RFC 6587 section 3.4), on bytes and without an object per
// message.
//
// The beginning of a connection decides for good. Digits that begin with 1 to 9 and end in a space
// are an octet count (`MSG-LEN SP MSG`). Where a byte follows them that stands in a date, a time or
// a number (`2026-01-02T...`), they begin a line; any other byte makes them a wrong octet count. A
// zero or a sign may begin either too: a space behind the digits makes it a wrong octet count,
// anything else a line. Any other first byte begins a line.
//
// Lines end in LF, or in NUL, as some senders do (RFC 6587 section 3.4.2). The first message
// decides that too: a NUL in it that is followed by the `<` of the next message is what ends
// messages, and an LF in them is text. Any other NUL is part of the message, and so is every later
// one: text that an attacker chose does not turn the framing of a connection that runs.
//
// A message that ends in the chunk in which it began is handed on where it stands. Only one that
// does not is copied, up to the limit; of a longer one nothing more is kept, its bytes are only
// counted.
import { LIMITS, MARK } from '@weir/pipeline';

/** Takes messages. `bytes` is only valid during the call. */
export interface FrameSink {
  /** `markCode` is 0 or a MarkCode; `originalBytes` the length that the sender meant. */
  message(bytes: Buffer, start: number, end: number, markCode: number, originalBytes: number): void;
  emptyLine(): void;
}

const LF = 10;
const CR = 13;
const NUL = 0;
const LESS_THAN = 60;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
/** `-`, `.`, `/`, `:` and the `T` of ISO 8601: they follow digits in a text, never a count. */
const AFTER_DIGITS_OF_TEXT: ReadonlySet<number> = new Set([45, 46, 47, 58, 84]);

/** How much of a broken stream is kept for whoever looks for the reason. */
const OFFENDING_BYTES_MAX = 256;
/** A trailer of CR and NUL may stand behind a message that is exactly as long as the limit. */
const TRAILER_BYTES_MAX = 2;
const PARTIAL_BYTES_MIN = 256;
/** A connection keeps work space up to this size between messages. */
const PARTIAL_BYTES_KEPT = 4096;

/**
 * `first` is the count that begins a connection; `opening` a first line that begins with `<`, and
 * `opening_nul` such a line with a NUL behind it, of which the next byte is not here yet.
 */
type State =
  | 'start'
  | 'sign'
  | 'opening'
  | 'opening_nul'
  | 'line'
  | 'first'
  | 'count'
  | 'body'
  | 'broken';

const NUL_BYTE = Buffer.of(NUL);

const isDigit = (byte: number): boolean => byte >= DIGIT_0 && byte <= DIGIT_9;

/** End of the message without its trailer: LF, CR LF or NUL, or one of them behind another. */
export function trimTrailer(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  if (last > start && bytes[last - 1] === NUL) last--;
  if (last > start && bytes[last - 1] === LF) last--;
  if (last > start && bytes[last - 1] === CR) last--;
  return last;
}

export class SyslogFramer {
  readonly #sink: FrameSink;
  readonly #bytesMax: number;
  #state: State = 'start';
  /** What ends a line. */
  #delimiter = LF;
  /** What is kept of the message that began in an earlier chunk. */
  #partial: Buffer | null = null;
  #partialUsed = 0;
  /** Length so far of that message, discarded bytes included. */
  #total = 0;
  #count = 0;
  #digits = 0;

  constructor(sink: FrameSink, messageBytesMax: number) {
    this.#sink = sink;
    this.#bytesMax = messageBytesMax;
  }

  /** Whether a message has begun and not ended. */
  get hasPartial(): boolean {
    if (this.#state === 'opening_nul') return false;
    return this.#state !== 'broken' && (this.#total > 0 || this.#state === 'body');
  }

  /** Memory held for it. */
  get partialBytes(): number {
    return this.#partial?.length ?? 0;
  }

  /** False once the stream can no longer be read: close the connection. */
  feed(chunk: Buffer): boolean {
    let position = 0;
    while (position < chunk.length && this.#state !== 'broken') {
      if (this.#state === 'line') position = this.#feedLine(chunk, position);
      else if (this.#state === 'body') position = this.#feedBody(chunk, position);
      else if (this.#state === 'start') this.#state = stateOfFirstByte(chunk[position] as number);
      else if (this.#state === 'sign') position = this.#feedSign(chunk, position);
      else if (this.#state === 'opening') position = this.#feedOpening(chunk, position);
      else if (this.#state === 'opening_nul') this.#decideDelimiter(chunk[position] as number);
      else position = this.#feedCount(chunk, position);
    }
    return this.#state !== 'broken';
  }

  /**
   * The connection has ended. `isCut`: not by the sender's own will, so that a last line without a
   * newline may be half a line.
   */
  end(isCut: boolean): void {
    const state = this.#state;
    this.#state = 'broken';
    if (state === 'broken' || state === 'start') return;
    const isWhole = state === 'opening_nul';
    const isLine = isWhole || state === 'line' || state === 'sign' || state === 'opening';
    if (isLine ? this.#total === 0 : this.#digits === 0) return;
    const bytes = this.#partial ?? Buffer.alloc(0);
    if (isWhole || (isLine && !isCut)) {
      this.#emit(bytes, 0, this.#partialUsed, this.#total);
    } else {
      const kept = Math.min(this.#partialUsed, this.#bytesMax);
      const meant = state === 'body' ? this.#count : this.#total;
      this.#sink.message(bytes, 0, kept, MARK.framing_incomplete, meant);
    }
    this.#clearPartial();
    this.#partial = null;
  }

  #feedLine(chunk: Buffer, start: number): number {
    let position = start;
    while (position < chunk.length) {
      const end = chunk.indexOf(this.#delimiter, position);
      if (end < 0) {
        this.#keep(chunk, position, chunk.length);
        return chunk.length;
      }
      if (this.#total === 0) {
        this.#emit(chunk, position, end, end - position);
      } else {
        this.#keep(chunk, position, end);
        this.#emitPartial();
      }
      position = end + 1;
    }
    return position;
  }

  /** The first line of a connection, up to the byte that shows what ends lines. */
  #feedOpening(chunk: Buffer, start: number): number {
    const lf = chunk.indexOf(LF, start);
    const nul = chunk.indexOf(NUL, start);
    if (nul < 0 && lf < 0) {
      this.#keep(chunk, start, chunk.length);
      return chunk.length;
    }
    if (nul < 0 || (lf >= 0 && lf < nul)) {
      this.#state = 'line';
      return start;
    }
    this.#keep(chunk, start, nul);
    this.#state = 'opening_nul';
    return nul + 1;
  }

  /** `next` stands behind the first NUL. */
  #decideDelimiter(next: number): void {
    this.#state = 'line';
    if (next === LESS_THAN) {
      this.#delimiter = NUL;
      this.#emitPartial();
    } else {
      this.#keep(NUL_BYTE, 0, 1);
    }
  }

  /** At the start of a connection: a sign or a zero, then digits; is it a wrong count or a line? */
  #feedSign(chunk: Buffer, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (isDigit(byte)) {
        this.#digits++;
        if (this.#digits > LIMITS.octetCountDigitsMax) return this.#break(chunk, start);
      } else if (byte === SPACE && this.#digits > 0) {
        return this.#break(chunk, start);
      } else if (this.#total > 0 || i > start) {
        this.#state = 'line';
        return start;
      }
    }
    this.#keep(chunk, start, chunk.length);
    return chunk.length;
  }

  #feedCount(chunk: Buffer, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (isDigit(byte) && (byte !== DIGIT_0 || this.#digits > 0)) {
        this.#digits++;
        if (this.#digits > LIMITS.octetCountDigitsMax) return this.#break(chunk, start);
        this.#count = this.#count * 10 + (byte - DIGIT_0);
      } else if (byte === SPACE && this.#digits > 0) {
        this.#clearPartial();
        this.#state = 'body';
        return i + 1;
      } else if (this.#state === 'first' && AFTER_DIGITS_OF_TEXT.has(byte)) {
        this.#state = 'line';
        return start;
      } else {
        return this.#break(chunk, start);
      }
    }
    this.#keep(chunk, start, chunk.length);
    return chunk.length;
  }

  #feedBody(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#count - this.#total);
    if (this.#total === 0 && end - start === this.#count) {
      this.#emit(chunk, start, end, this.#count);
    } else {
      this.#keep(chunk, start, end);
      if (this.#total < this.#count) return end;
      this.#emitPartial();
    }
    this.#state = 'count';
    this.#count = 0;
    this.#digits = 0;
    return end;
  }

  /** Hands on what made the stream unreadable and the bytes behind it that are here already. */
  #break(chunk: Buffer, start: number): number {
    this.#keep(chunk, start, Math.min(chunk.length, start + OFFENDING_BYTES_MAX - this.#total));
    const bytes = this.#partial as Buffer;
    this.#sink.message(bytes, 0, this.#partialUsed, MARK.framing_invalid, this.#partialUsed);
    this.#clearPartial();
    this.#state = 'broken';
    return chunk.length;
  }

  #emitPartial(): void {
    this.#emit(this.#partial as Buffer, 0, this.#partialUsed, this.#total);
    this.#clearPartial();
  }

  /** `totalBytes` may be more than `end - start`, when the rest was discarded. */
  #emit(bytes: Buffer, start: number, end: number, totalBytes: number): void {
    const bytesMax = this.#bytesMax;
    if (totalBytes > bytesMax + TRAILER_BYTES_MAX) {
      this.#sink.message(bytes, start, start + bytesMax, MARK.oversize, totalBytes);
      return;
    }
    const last = trimTrailer(bytes, start, end);
    const byteCount = last - start;
    if (byteCount === 0) this.#sink.emptyLine();
    else if (byteCount <= bytesMax) this.#sink.message(bytes, start, last, 0, byteCount);
    else this.#sink.message(bytes, start, start + bytesMax, MARK.oversize, byteCount);
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    this.#total += end - start;
    const space = this.#bytesMax + TRAILER_BYTES_MAX - this.#partialUsed;
    const byteCount = Math.min(end - start, space);
    if (byteCount <= 0) return;
    const partial = this.#partialOf(this.#partialUsed + byteCount);
    chunk.copy(partial, this.#partialUsed, start, start + byteCount);
    this.#partialUsed += byteCount;
  }

  #partialOf(bytesNeeded: number): Buffer {
    const old = this.#partial;
    if (old !== null && old.length >= bytesNeeded) return old;
    const doubled = Math.max(PARTIAL_BYTES_MIN, (old?.length ?? 0) * 2, bytesNeeded);
    const grown = Buffer.allocUnsafeSlow(
      Math.max(bytesNeeded, Math.min(doubled, this.#bytesMax + TRAILER_BYTES_MAX)),
    );
    old?.copy(grown, 0, 0, this.#partialUsed);
    this.#partial = grown;
    return grown;
  }

  #clearPartial(): void {
    this.#partialUsed = 0;
    this.#total = 0;
    if (this.#partial !== null && this.#partial.length > PARTIAL_BYTES_KEPT) this.#partial = null;
  }
}

function stateOfFirstByte(byte: number): State {
  if (byte === DIGIT_0 || byte === PLUS || byte === MINUS) return 'sign';
  if (byte === LESS_THAN) return 'opening';
  return isDigit(byte) ? 'first' : 'line';
}
