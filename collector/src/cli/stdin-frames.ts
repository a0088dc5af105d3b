// Bytes of standard input into raw batches, for `weir parse`. Memory is bounded: one message up to
// its limit and one batch, whatever comes.
import {
  allocateBytes,
  HeaderLines,
  type HeaderMode,
  type InputFormat,
  LIMITS,
  MARK,
  type RawBatch,
  WeirError,
} from '@weir/pipeline';
import { trimTrailer } from '../sources/syslog/framing.js';

export type StdinFraming = 'newline' | 'octet';

export interface StdinFramesOptions {
  readonly framing: StdinFraming;
  /** `auto`: a message that begins with a brace is JSON, any other is syslog. */
  readonly inputFormat: InputFormat | 'auto';
  /** Header lines that are no events; `marked` where absent. */
  readonly header?: HeaderMode;
  /** Time of receipt of the next batch, ns since 1970. */
  readonly nowNs: () => bigint;
}

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const MESSAGE_BYTES_MAX: Readonly<Record<InputFormat, number>> = {
  syslog: LIMITS.syslogMessageBytesMax,
  json: LIMITS.httpItemBytesMax,
};
/** Bytes of one message that are kept; what is beyond is only counted. */
const KEPT_BYTES_MAX = LIMITS.httpItemBytesMax;

/**
 * `push` each chunk, then `end`; both give the batches that became full, and the rest of the chunk's whole
 * messages, so that a slow input is printed as it comes. A batch holds messages of one format.
 */
export class StdinFrames {
  readonly #options: StdinFramesOptions;
  /** The message being read. */
  #message = new Uint8Array(4096);
  #messageLength = 0;
  /** Length with the bytes that were not kept. */
  #originalLength = 0;
  /**
   * Octet counting: digits of the count so far, and bytes of the message still to come (-1: no
   * count).
   */
  #count = 0;
  #countDigits = 0;
  #wanted = -1;
  /** Bytes of the input before the next one; where the frame being read starts. */
  #offset = 0;
  #frameOffset = 0;
  #pending: PendingBatch | null = null;
  readonly #headers: HeaderLines;

  constructor(options: StdinFramesOptions) {
    this.#options = options;
    this.#headers = new HeaderLines(options.header);
  }

  /** Throws WEIR_USAGE on an octet count that is none, after all batches before it were given. */
  *push(chunk: Uint8Array): Generator<RawBatch> {
    if (this.#options.framing === 'newline') yield* this.#pushLines(chunk);
    else yield* this.#pushCounted(chunk);
    yield* this.#flush();
  }

  /** The last message: a line without its end is whole, a counted message cut short is not. */
  *end(): Generator<RawBatch> {
    if (this.#options.framing === 'newline') {
      if (this.#originalLength > 0) yield* this.#take(0);
    } else if (this.#wanted >= 0) {
      yield* this.#take(MARK.framing_incomplete);
      yield* this.#flush();
      throw this.#fault('the input ends inside the message whose octet count is');
    } else if (this.#countDigits > 0) {
      throw this.#fault('the input ends inside an octet count');
    }
    yield* this.#flush();
  }

  *#pushLines(chunk: Uint8Array): Generator<RawBatch> {
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf(LF, start);
      const end = newline < 0 ? chunk.length : newline;
      this.#keep(chunk, start, end);
      if (newline < 0) return;
      // An empty line is no event; a collector counts it and admits nothing.
      if (this.#originalLength > 0) yield* this.#take(0);
      start = newline + 1;
    }
  }

  *#pushCounted(chunk: Uint8Array): Generator<RawBatch> {
    let position = 0;
    while (position < chunk.length) {
      if (this.#wanted < 0) {
        const byte = chunk[position] as number;
        if (!this.#readCount(byte)) {
          yield* this.#flush();
          throw this.#fault('not an octet count (RFC 6587 3.4.1)');
        }
        position++;
        this.#offset++;
        continue;
      }
      const end = Math.min(chunk.length, position + this.#wanted);
      this.#keep(chunk, position, end);
      this.#wanted -= end - position;
      this.#offset += end - position;
      position = end;
      if (this.#wanted > 0) continue;
      this.#wanted = -1;
      this.#frameOffset = this.#offset;
      yield* this.#take(0);
    }
  }

  /** One byte of `MSG-LEN SP`. False when it cannot be. */
  #readCount(byte: number): boolean {
    if (byte === SPACE && this.#countDigits > 0) {
      if (this.#count > KEPT_BYTES_MAX) return false;
      this.#wanted = this.#count;
      this.#count = 0;
      this.#countDigits = 0;
      return true;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9 || this.#countDigits >= LIMITS.octetCountDigitsMax) return false;
    // No leading zero, and so no empty message either.
    if (digit === 0 && this.#countDigits === 0) return false;
    this.#count = this.#count * 10 + digit;
    this.#countDigits++;
    return true;
  }

  #fault(what: string): WeirError {
    const offset = this.#frameOffset;
    return new WeirError('WEIR_USAGE', `bad framing at byte offset ${offset}: ${what}`, {
      offset,
    });
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    this.#originalLength += end - start;
    const count = Math.min(end - start, KEPT_BYTES_MAX - this.#messageLength);
    if (count <= 0) return;
    const needed = this.#messageLength + count;
    if (needed > this.#message.length) {
      const larger = new Uint8Array(Math.max(needed, this.#message.length * 2));
      larger.set(this.#message.subarray(0, this.#messageLength));
      this.#message = larger;
    }
    this.#message.set(chunk.subarray(start, start + count), this.#messageLength);
    this.#messageLength = needed;
  }

  /** Puts the message into the batch. */
  *#take(mark: number): Generator<RawBatch> {
    const isWhole = mark === 0 && this.#messageLength === this.#originalLength;
    const last = trimTrailer(this.#message, 0, this.#messageLength);
    if (isWhole && this.#headers.take(this.#message, 0, last)) {
      this.#messageLength = 0;
      this.#originalLength = 0;
      return;
    }
    const { context } = this.#headers;
    const format = this.#formatOfMessage();
    const length = Math.min(this.#messageLength, MESSAGE_BYTES_MAX[format]);
    if (this.#pending !== null && !this.#pending.hasRoomFor(format, length, context))
      yield* this.#flush();
    this.#pending ??= new PendingBatch(format, context);
    const isCut = length < this.#originalLength;
    const code = isCut ? MARK.oversize : mark;
    this.#pending.add(this.#message.subarray(0, length), code, this.#originalLength);
    this.#messageLength = 0;
    this.#originalLength = 0;
  }

  #formatOfMessage(): InputFormat {
    const { inputFormat } = this.#options;
    if (inputFormat !== 'auto') return inputFormat;
    let position = 0;
    while (position < this.#messageLength && (this.#message[position] as number) <= SPACE)
      position++;
    return this.#message[position] === 0x7b && position < this.#messageLength ? 'json' : 'syslog';
  }

  *#flush(): Generator<RawBatch> {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    yield pending.close(this.#options.nowNs());
  }
}

/** Messages of one format and one context until the batch is closed. */
class PendingBatch {
  readonly #format: InputFormat;
  readonly #context: string;
  readonly #offsets: number[] = [0];
  readonly #marks: number[] = [];
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;

  constructor(format: InputFormat, context: string) {
    this.#format = format;
    this.#context = context;
  }

  hasRoomFor(format: InputFormat, length: number, context: string): boolean {
    return (
      format === this.#format &&
      context === this.#context &&
      this.#offsets.length <= LIMITS.batchEventCountMax &&
      this.#length + length <= LIMITS.batchBytesTarget
    );
  }

  add(message: Uint8Array, mark: number, originalLength: number): void {
    const needed = this.#length + message.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(message, this.#length);
    this.#length = needed;
    if (mark !== 0) this.#marks.push(this.#offsets.length - 1, mark, originalLength);
    this.#offsets.push(needed);
  }

  close(receivedAtNs: bigint): RawBatch {
    const bytes = allocateBytes(this.#length);
    bytes.set(this.#bytes.subarray(0, this.#length));
    const eventCount = this.#offsets.length - 1;
    return {
      tenant: 'default',
      stream: 'stdin',
      retentionClass: '',
      format: this.#format,
      receivedAtNs,
      eventCount,
      bytes,
      offsets: Uint32Array.from(this.#offsets),
      marks: Uint32Array.from(this.#marks),
      runs: [{ eventCount, source: 'stdin', sourceSeqFirst: 0, context: this.#context }],
      requestParts: [],
      dispositions: [],
    };
  }
}
