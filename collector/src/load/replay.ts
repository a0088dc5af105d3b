// A user's own log lines instead of generated ones: the lines of a file, over and over.
import { readFileSync } from 'node:fs';
import { reasonOf } from '@weir/pipeline';
import type { Filled, Framing, Generator } from './generator.js';
import { LoadError } from './plan.js';
import { SEQUENCE_DIGITS } from './template.js';

/** The file is held in memory, so that reading it costs nothing while it is sent. */
const REPLAY_BYTES_MAX = 1024 * 1024 * 1024;
const LF = 10;
const SPACE = 32;
const TERMINATORS: Readonly<Record<Framing, number>> = { none: -1, newline: LF, nul: 0, octet: -1 };

export interface ReplayOptions {
  readonly path: string;
  /** Appends ` seq=0000000123 run=ID` to each line; null sends them unchanged. */
  readonly stampRunId: string | null;
}

/** Rejects with a LoadError when the file cannot be read or has no line in it. */
export function openReplay(options: ReplayOptions): Generator & { readonly lineCount: number } {
  return new Replay(readLines(options.path), options.stampRunId);
}

function readLines(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LoadError(`cannot read ${path}: ${reasonOf(error)}`);
  }
  if (bytes.length > REPLAY_BYTES_MAX)
    throw new LoadError(`${path} is ${bytes.length} bytes, the limit is ${REPLAY_BYTES_MAX}`);
  return bytes;
}

class Replay implements Generator {
  readonly eventBytesMax: number;
  readonly #bytes: Buffer;
  /** Start and end of each line, in turn. */
  readonly #spans: Uint32Array;
  readonly #stamp: Buffer;
  readonly #filled: Filled = { eventCount: 0, endOffset: 0 };

  constructor(bytes: Buffer, stampRunId: string | null) {
    this.#bytes = bytes;
    this.#spans = spansOf(bytes);
    if (this.#spans.length === 0) throw new LoadError('the file to replay has no line in it');
    const digits = '0'.repeat(SEQUENCE_DIGITS);
    this.#stamp = Buffer.from(stampRunId === null ? '' : ` seq=${digits} run=${stampRunId}`);
    let longest = 0;
    for (let i = 0; i < this.#spans.length; i += 2) longest = Math.max(longest, this.#lengthOf(i));
    // An octet count and its space, a terminator.
    this.eventBytesMax = longest + String(longest).length + 2;
  }

  get lineCount(): number {
    return this.#spans.length / 2;
  }

  fill(
    target: Uint8Array,
    offset: number,
    seqFirst: number,
    eventsMax: number,
    framing: Framing,
    ends?: Uint32Array,
  ): Filled {
    let at = offset;
    let count = 0;
    for (; count < eventsMax; count++) {
      const seq = seqFirst + count;
      const index = (seq % this.lineCount) * 2;
      if (at + this.#lengthOf(index) + 12 > target.length && count > 0) break;
      at = this.#write(target, at, index, seq, framing);
      if (ends !== undefined) ends[count] = at;
    }
    this.#filled.eventCount = count;
    this.#filled.endOffset = at;
    return this.#filled;
  }

  #write(target: Uint8Array, offset: number, index: number, seq: number, framing: Framing): number {
    let at = offset;
    if (framing === 'octet') {
      const prefix = String(this.#lengthOf(index));
      for (let i = 0; i < prefix.length; i++) target[at++] = prefix.charCodeAt(i);
      target[at++] = SPACE;
    }
    const start = this.#spans[index] as number;
    const end = this.#spans[index + 1] as number;
    target.set(this.#bytes.subarray(start, end), at);
    at += end - start;
    if (this.#stamp.length > 0) {
      target.set(this.#stamp, at);
      writeNumber(target, at + ' seq='.length, seq);
      at += this.#stamp.length;
    }
    const terminator = TERMINATORS[framing];
    if (terminator >= 0) target[at++] = terminator;
    return at;
  }

  #lengthOf(index: number): number {
    const spans = this.#spans;
    return (spans[index + 1] as number) - (spans[index] as number) + this.#stamp.length;
  }
}

/** Empty lines are left out: no receiver takes them for events. */
function spansOf(bytes: Buffer): Uint32Array {
  const spans: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) spans.push(start, end);
    start = end + 1;
  }
  return Uint32Array.from(spans);
}

function writeNumber(target: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let digit = SEQUENCE_DIGITS - 1; digit >= 0; digit--) {
    target[at + digit] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
