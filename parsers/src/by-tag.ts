// Which pack reads the messages of a program. Names of programs are short and few: one look into a
// table, however many packs there are.
import { bodyPacks, programPacks } from './list.js';
import type { Pack } from './pack.js';
import { KeyTable } from './text/key-table.js';

const CLOSE_PARENTHESIS = 0x29;
const OPEN_PARENTHESIS = 0x28;

const tagged = [...programPacks, ...bodyPacks].filter((pack) => pack.tags !== undefined);
const table = new KeyTable(
  tagged.flatMap((pack, index) => (pack.tags ?? []).map((tag) => [tag, index + 1] as const)),
);

/**
 * The pack for the program bytes[start, end), or null. `su(pam_unix)`, as old versions of PAM write
 * it, is pam_unix.
 */
export function packOfTag(bytes: Uint8Array, start: number, end: number): Pack | null {
  if (start >= end) return null;
  let index = table.lookup(bytes, start, end);
  if (index === 0 && bytes[end - 1] === CLOSE_PARENTHESIS) {
    let open = end - 1;
    while (open > start && bytes[open] !== OPEN_PARENTHESIS) open--;
    index = table.lookup(bytes, open + 1, end - 1);
  }
  return index === 0 ? null : (tagged[index - 1] as Pack);
}
