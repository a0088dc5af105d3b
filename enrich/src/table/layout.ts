// A table as one piece of memory that threads share: made once, then only read.
//
// Limits: 8,000,000 keys, 512 MiB, 64 columns, 16,777,215 texts. All numbers are u32 in the byte
// order of the machine; a table that is kept on disk is read by the machine that wrote it.
//
//   u32 x 32   header, see HEADER
//   u32 x s    slots of the hash table, s a power of two and at least twice the number of keys:
//              0 for none, else (tag << 24) | (key number + 1); the tag is 8 bits of the hash
//   u32 x k    end of each key in the key bytes; it starts at the end of the one before
//   u32 x k    row of each key
//   u32 x k    second since 1970 from which the key holds no more; 0 for never
//   u32 x r*c  text number of each column of each row
//   u32 x t    end of each text in the text bytes
//   u8  x ..   key bytes: a kind, then the key itself
//   u8  x ..   text bytes, UTF-8; text 0 is empty and stands for "absent"

export const MAGIC = 0x5745_5442;
export const VERSION = 1;
export const HEADER_WORDS = 32;

/** Index of each number in the header. */
export const HEADER = {
  magic: 0,
  version: 1,
  keyCount: 2,
  slotCount: 3,
  rowCount: 4,
  columnCount: 5,
  textCount: 6,
  keyBytes: 7,
  textBytes: 8,
  /** Bit n: a network of IPv4 with a prefix of n bits is among the keys; 2 words. */
  prefixes4: 9,
  /** The same of IPv6; 5 words. */
  prefixes6: 11,
} as const;

/** First byte of a key. */
export const KIND = { ipv4: 1, ipv6: 2, domain: 3, url: 4, hash: 5, text: 6 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

export const TAG_SHIFT = 24;
export const KEY_MASK = 0x00ff_ffff;

const PRIME = 0x0100_0193;
const BASIS = 0x811c_9dc5 | 0;

/**
 * FNV-1a from the last byte to the first, so that the hash of a domain's parent is met on the way
 * to the hash of the domain. It is not finished: `finished` spreads it and takes the kind.
 */
export const unfinished = (hash: number, byte: number): number => Math.imul(hash ^ byte, PRIME);
export const HASH_START = BASIS;

/** The finisher of MurmurHash3. */
export function finished(hash: number, kind: Kind): number {
  let mixed = Math.imul(hash ^ kind, PRIME);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export function hashOf(kind: Kind, bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let i = end - 1; i >= start; i--) hash = unfinished(hash, bytes[i] as number);
  return finished(hash, kind);
}

/** Where each part begins, in bytes, from the numbers of the header. */
export function partsOf(header: Uint32Array): Readonly<Record<Part | 'end', number>> {
  const at = (index: number): number => header[index] as number;
  const keys = at(HEADER.keyCount);
  const slots = HEADER_WORDS * 4;
  const keyEnds = slots + at(HEADER.slotCount) * 4;
  const keyRows = keyEnds + keys * 4;
  const expiries = keyRows + keys * 4;
  const rows = expiries + keys * 4;
  const textEnds = rows + at(HEADER.rowCount) * at(HEADER.columnCount) * 4;
  const keyBytes = textEnds + at(HEADER.textCount) * 4;
  const textBytes = keyBytes + at(HEADER.keyBytes);
  const end = textBytes + at(HEADER.textBytes);
  return { slots, keyEnds, keyRows, expiries, rows, textEnds, keyBytes, textBytes, end };
}
type Part =
  | 'slots'
  | 'keyEnds'
  | 'keyRows'
  | 'expiries'
  | 'rows'
  | 'textEnds'
  | 'keyBytes'
  | 'textBytes';
