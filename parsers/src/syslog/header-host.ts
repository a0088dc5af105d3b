// The host that a syslog header names, for those who have no use for the rest of the message.
import { SyslogHeader } from './header.js';
import { readHeader } from './read-header.js';

/** Reused: positions of the last reading. */
export class HeaderHost {
  readonly #header = new SyslogHeader();
  /** Absolute; equal when the header names no host. */
  start = 0;
  end = 0;

  /** Reads the header of bytes[start, end), by RFC 5424 or RFC 3164. */
  read(bytes: Uint8Array, start: number, end: number): void {
    readHeader(bytes, start, end, this.#header);
    this.start = this.#header.hostStart;
    this.end = Math.max(this.#header.hostEnd, this.#header.hostStart);
  }
}
