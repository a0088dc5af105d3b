// The body of a request from the blocks of a payload.
import { Buffer } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import zstd from 'zstd-napi/binding.js';

export interface Body {
  readonly chunks: readonly Uint8Array[];
  readonly byteCount: number;
}
export type BodyFormat = 'ndjson' | 'json_array';
export type BodyCompression = 'none' | 'gzip' | 'zstd';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const OPEN_BYTES = Buffer.from('[');
const EMPTY_ARRAY = Buffer.from('[]');
/** JSON repeats so much that higher levels cost far more than they save. */
const ZSTD_LEVEL = 1;
const GZIP = { level: constants.Z_BEST_SPEED };
/** Input of one step of zstd, which holds the thread meanwhile: below a millisecond. */
const ZSTD_STEP_BYTES = 256 * 1024;
const gzipAsync = promisify(gzip);

/** `blocks` stay as they are: after a failure the same ones come again. */
export async function bodyOf(
  blocks: readonly Uint8Array[],
  format: BodyFormat,
  compression: BodyCompression,
): Promise<Body> {
  const chunks = format === 'json_array' ? arrayChunks(blocks) : blocks;
  if (compression === 'zstd') return sized(await zstdChunks(chunks));
  // zlib works on a thread of libuv's pool.
  if (compression === 'gzip') return sized([await gzipAsync(Buffer.concat(chunks), GZIP)]);
  return sized(chunks);
}

function sized(chunks: readonly Uint8Array[]): Body {
  return { chunks, byteCount: chunks.reduce((sum, chunk) => sum + chunk.length, 0) };
}

/** Line feeds stand only behind rows: each becomes a comma, the last one the closing bracket. */
function arrayChunks(blocks: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = [OPEN_BYTES];
  for (const block of blocks) {
    if (block.length === 0) continue;
    const copy = Buffer.from(block);
    for (let at = copy.indexOf(LINE_FEED); at >= 0; at = copy.indexOf(LINE_FEED, at + 1))
      copy[at] = COMMA;
    chunks.push(copy);
  }
  const last = chunks.at(-1);
  if (last === undefined || last === OPEN_BYTES) return [EMPTY_ARRAY];
  last[last.length - 1] = CLOSE;
  return chunks;
}

type Compressor = InstanceType<typeof zstd.CCtx>;
/** Compressors between two bodies: making one costs more than compressing a small body. */
const idle: Compressor[] = [];
const IDLE_MAX = 4;
const scratch = new Uint8Array(zstd.compressBound(ZSTD_STEP_BYTES));

function takeCompressor(): Compressor {
  const known = idle.pop();
  if (known !== undefined) return known;
  const made = new zstd.CCtx();
  made.setParameter(zstd.CParameter.compressionLevel, ZSTD_LEVEL);
  return made;
}

/** One frame for the whole body, made in steps, so that other work of the thread goes on. */
async function zstdChunks(chunks: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const compressor = takeCompressor();
  const out: Uint8Array[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += ZSTD_STEP_BYTES) {
      const step = chunk.subarray(at, at + ZSTD_STEP_BYTES);
      compressStep(compressor, step, zstd.EndDirective.continue, out);
      await nextTurn();
    }
  }
  compressStep(compressor, new Uint8Array(0), zstd.EndDirective.end, out);
  // One that threw is not used again.
  if (idle.length < IDLE_MAX) idle.push(compressor);
  return out;
}

function compressStep(
  compressor: Compressor,
  input: Uint8Array,
  directive: number,
  out: Uint8Array[],
): void {
  let rest = input;
  for (;;) {
    const [toFlush, produced, consumed] = compressor.compressStream2(scratch, rest, directive);
    if (produced > 0) out.push(scratch.slice(0, produced));
    rest = rest.subarray(consumed);
    if (rest.length === 0 && (directive !== zstd.EndDirective.end || toFlush === 0)) return;
  }
}
