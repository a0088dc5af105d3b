// Severity words and syslog codes to OCSF severity_id.
import { KeyTable } from './key-table.js';

/** By syslog severity code (RFC 5424 6.2.1): emergency is Fatal, debug Informational. */
export const SEVERITY_ID_BY_CODE: readonly number[] = [6, 5, 5, 4, 3, 2, 1, 1];

const WORDS: readonly (readonly [severityId: number, words: string])[] = [
  [6, 'emergency emerg fatal panic'],
  [5, 'alert critical crit'],
  [4, 'error err high'],
  [3, 'warning warn medium'],
  [2, 'notice low'],
  [1, 'informational information info debug trace'],
];
const table = new KeyTable(
  WORDS.flatMap(([id, words]) => words.split(' ').map((word) => [word, id] as const)),
);
const lower = new Uint8Array(16);

/** severity_id of a word in any case, 0 when it is not known. */
export function severityIdOf(bytes: Uint8Array, start: number, end: number): number {
  // Most devices write it in lower case already.
  const severityId = table.lookup(bytes, start, end);
  if (severityId !== 0) return severityId;
  const length = end - start;
  if (length > lower.length) return 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i] as number;
    lower[i] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }
  return table.lookup(lower, 0, length);
}
