// A short text in bytes.

/** Position of `text` in [start, end), or -1. */
export function indexOfText(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: Uint8Array,
): number {
  const last = end - text.length;
  const first = text[0] as number;
  for (let i = start; i <= last; i++) {
    if (bytes[i] !== first) continue;
    let at = 1;
    while (at < text.length && bytes[i + at] === text[at]) at++;
    if (at === text.length) return i;
  }
  return -1;
}
