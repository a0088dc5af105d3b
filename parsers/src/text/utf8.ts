// Where bytes stop being UTF-8.

/**
 * Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629); length when all are.
 */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const length = sequenceLength(bytes, i);
    if (length === 0) return i;
    i += length;
  }
  return bytes.length;
}

function sequenceLength(bytes: Uint8Array, position: number): number {
  const first = bytes[position] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (position + length > bytes.length) return 0;
  const second = bytes[position + 1] as number;
  // Overlong forms, surrogates and code points beyond U+10FFFF show in the second byte.
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  for (let i = 1; i < length; i++) if (((bytes[position + i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
