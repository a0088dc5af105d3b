// The library's type for bytes, but for that what it reads are views into the message. By itself
// it copies: a third of what a loader spends on a message, since columns are all of it.
import type { Buffer } from 'node:buffer';
import avro from 'avsc';

/** What the library reads with. */
interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
}

/** The caller has checked that lengths are within the message (checkShape). */
export class BytesInPlace extends avro.types.BytesType {
  protected _read(tap: Tap): Buffer {
    const byteCount = tap.readLong();
    const start = tap.pos;
    tap.pos += byteCount;
    return tap.buf.subarray(start, tap.pos);
  }
}
