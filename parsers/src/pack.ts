// What a pack is: a parser and the few bytes by which it knows its own.
import type { ColumnWriter, Parser, ParseVerdict, RawBatch } from '@weir/pipeline';
import type { JsonHead } from './json/head.js';

/**
 * A parser of this package. `start` may lie behind a syslog header that was read already. It writes
 * through a ColumnWriter, because it builds derived text in scratch without making strings.
 */
export interface Pack extends Parser {
  /** One sentence for the list of packs. */
  readonly summary: string;
  /**
   * Programs whose messages it reads: APP-NAME (RFC 5424 6.2.5) or TAG (RFC 3164 4.1.3). A body
   * behind one of them is given to it first, without `detect`; it may still answer `no`.
   */
  readonly tags?: readonly string[];
  /** Cheap: looks at a few bytes of the text. True is a guess; parse may still answer `no`. */
  detect(bytes: Uint8Array, start: number, end: number): boolean;
  parse(batch: RawBatch, row: number, start: number, end: number, out: ColumnWriter): ParseVerdict;
  /**
   * What of the pack took the event that was parsed last, in the pack's own words: a template, a
   * layout, a kind of log; '' where nothing did. For people who ask, never for an event on its way.
   */
  rule?(batch: RawBatch): string;
}

/** A pack that reads JSON objects of one shape, as an item from HTTP or as the body of syslog. */
export interface JsonPack extends Pack {
  /**
   * Cheap: looks at the first keys. True is a guess; parse may still answer `no`, and then the
   * object is generic JSON.
   */
  claims(head: JsonHead): boolean;
}
