// Events of quarantine for people: whatever their bytes are, a terminal is not told anything by
// them.
import type { QuarantineRow } from '@weir/sinks/clickhouse';
import { eventText } from './filter.js';

/** Control characters, and what turns the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const escaped = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** At most so many characters, none of them special to a terminal. */
export function onOneLine(bytes: Uint8Array, charactersMax: number): string {
  const text = Buffer.from(bytes).toString('utf8').replace(UNSAFE, escaped);
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 3)}...`;
}

const CONTEXT_BYTES = 48;

/** The bytes around the offset, as text, with a caret below it. */
export function textAround(bytes: Uint8Array, offset: number): string[] {
  const start = Math.max(0, offset - CONTEXT_BYTES);
  const end = Math.min(bytes.length, offset + CONTEXT_BYTES);
  const before = onOneLine(bytes.subarray(start, offset), 10_000);
  const behind = onOneLine(bytes.subarray(offset, end), 10_000);
  const lead = start > 0 ? '...' : '';
  return [
    `  ${lead}${before}${behind}${end < bytes.length ? '...' : ''}`,
    `  ${' '.repeat(lead.length + before.length)}^ offset ${offset}`,
  ];
}

const LINE_BYTES = 16;
const LINES_AROUND = 3;

/** Lines of a hexadecimal dump around the offset; the byte at it stands in brackets. */
export function hexAround(bytes: Uint8Array, offset: number): string[] {
  const line = Math.floor(offset / LINE_BYTES);
  const first = Math.max(0, line - LINES_AROUND);
  const last = Math.min(Math.floor((bytes.length - 1) / LINE_BYTES), line + LINES_AROUND);
  const lines: string[] = [];
  for (let at = first; at <= last; at++) {
    const start = at * LINE_BYTES;
    let hex = '';
    let shown = '';
    for (let i = start; i < start + LINE_BYTES; i++) {
      const byte = bytes[i];
      const digits = byte === undefined ? '  ' : byte.toString(16).padStart(2, '0');
      const isAt = i === offset;
      hex += isAt ? `[${digits}]` : hex.endsWith(']') ? `${digits}` : ` ${digits}`;
      if (byte !== undefined)
        shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    lines.push(
      `  ${start.toString(16).padStart(8, '0')} ${hex.padEnd(LINE_BYTES * 3 + 1)}  ${shown}`,
    );
  }
  return lines;
}

/** `raw_data` is exact where the bytes are UTF-8; else `raw_data_base64` is. */
export function jsonOf(row: QuarantineRow): Readonly<Record<string, unknown>> {
  const { raw, isSuperseded, ingestUs, ...rest } = row;
  const text = raw.toString('utf8');
  return {
    ...{ id: eventText(row), ...rest, isSuperseded },
    ingestTime: new Date(ingestUs / 1_000).toISOString(),
    raw_data: text,
    ...(Buffer.from(text).equals(raw) ? {} : { raw_data_base64: raw.toString('base64') }),
  };
}
