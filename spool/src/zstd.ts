// zstd with reused native objects. The binding's one-pass calls write into a buffer of ours, so a
// frame that claims a small size and unpacks to a large one fails instead of growing.
import zstd from 'zstd-napi/binding.js';

const compressors = new Map<number, InstanceType<typeof zstd.CCtx>>();
let decompressor: InstanceType<typeof zstd.DCtx> | null = null;
let scratch = new Uint8Array(256 * 1024);

function compressorOf(level: number): InstanceType<typeof zstd.CCtx> {
  let context = compressors.get(level);
  if (context === undefined) {
    context = new zstd.CCtx();
    context.setParameter(zstd.CParameter.compressionLevel, level);
    compressors.set(level, context);
  }
  return context;
}

/** One zstd frame that states its content size; valid until the next call. */
export function zstdCompress(raw: Uint8Array, level: number): Uint8Array<ArrayBuffer> {
  const bound = zstd.compressBound(raw.length);
  if (scratch.length < bound) scratch = new Uint8Array(bound);
  const length = compressorOf(level).compress2(scratch, raw);
  return scratch.subarray(0, length);
}

/** True if `stored` fills exactly `target`. Never writes more than that, never throws. */
export function zstdDecompress(stored: Uint8Array, target: Uint8Array): boolean {
  try {
    if (zstd.getFrameContentSize(stored) !== target.length) return false;
    decompressor ??= new zstd.DCtx();
    return decompressor.decompress(target, stored) === target.length;
  } catch {
    return false;
  }
}
