// The name of a batch, from its first line.

const LINE_FEED = 0x0a;
const decoder = new TextDecoder();

/** `<tenant>/<stream>/<epoch>/<seq>+<rows>`; null when the first line has no identity. */
export function batchIdOf(blocks: readonly Uint8Array[], rowCount: number): string | null {
  const block = blocks.find((candidate) => candidate.length > 0);
  if (block === undefined) return null;
  const end = block.indexOf(LINE_FEED);
  let row: unknown;
  try {
    row = JSON.parse(decoder.decode(end < 0 ? block : block.subarray(0, end)));
  } catch {
    return null;
  }
  if (typeof row !== 'object' || row === null) return null;
  const { tenant_id, stream, epoch, seq } = row as Record<string, unknown>;
  if (typeof tenant_id !== 'string' || typeof stream !== 'string') return null;
  if (typeof epoch !== 'string' || typeof seq !== 'number') return null;
  const parts = [tenant_id, stream, epoch, String(seq)].map(encoded);
  return `${parts.join('/')}+${rowCount}`;
}

/** A lone surrogate has no percent-encoding. */
const encoded = (text: string): string =>
  encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
