// The lines of a file or object, compressed or not. readline would also end a line at U+2028, which
// JSON leaves as it is.
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WeirError } from '@weir/pipeline';
import { DecompressStream } from 'zstd-napi';

const LINE_FEED = 0x0a;
/** An event is 1 MiB at most, and its line holds it twice at most. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

export const isArchiveName = (name: string): boolean =>
  /\.(ndjson|jsonl)(\.\d+)?(\.zst|\.gz)?$/.test(name);

/** Without line feeds. Rejects with WEIR_EVENT_INVALID for what is no compressed stream. */
export async function* linesOf(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  const line = (last: Uint8Array): string => {
    const text = Buffer.concat([...rest, last]).toString();
    rest = [];
    restBytes = 0;
    return text;
  };
  try {
    for await (const chunk of unpacked(name, chunks)) {
      let at = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, at)) {
        yield line(chunk.subarray(at, end));
        at = end + 1;
      }
      if (at === chunk.length) continue;
      rest.push(chunk.subarray(at));
      restBytes += chunk.length - at;
      if (restBytes > LINE_BYTES_MAX) throw new Error(`a line has over ${LINE_BYTES_MAX} bytes`);
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('WEIR_EVENT_INVALID', `${name}: ${(error as Error).message}`, {}, error);
  }
  if (restBytes > 0) yield line(new Uint8Array(0));
}

function unpacked(name: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const unpack = name.endsWith('.zst')
    ? new DecompressStream()
    : name.endsWith('.gz')
      ? createGunzip()
      : null;
  if (unpack === null) return chunks;
  // Its reader sees the error.
  return pipeline(Readable.from(chunks), unpack, () => undefined);
}
