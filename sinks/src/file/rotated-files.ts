// Files that were rotated out: which there are, compressing them, and removing the oldest.
import type { FileHandle, Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import { CompressStream } from 'zstd-napi';

/** `events.ndjson.000007`, or `events.ndjson.000007.zst`. */
export interface RotatedFile {
  readonly fileNo: number;
  readonly path: string;
  readonly isCompressed: boolean;
}

const BLOCK_BYTES = 256 * 1024;
const ZSTD_LEVEL = 3;
export const DRAFT_SUFFIX = '.tmp';

export function splitPath(path: string): { readonly directory: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return { directory: '.', name: path };
  return { directory: slash === 0 ? '/' : path.slice(0, slash), name: path.slice(slash + 1) };
}

export const rotatedPath = (path: string, fileNo: number): string =>
  `${path}.${String(fileNo).padStart(6, '0')}`;

/** Ascending by number. Half-written compressed files are not among them. */
export async function findRotated(files: Files, path: string): Promise<RotatedFile[]> {
  const { directory, name } = splitPath(path);
  const found: RotatedFile[] = [];
  for (const other of await files.readDir(directory)) {
    if (!other.startsWith(`${name}.`)) continue;
    const match = /^(\d{6,})(\.zst)?$/.exec(other.slice(name.length + 1));
    if (match === null) continue;
    const isCompressed = match[2] !== undefined;
    found.push({ fileNo: Number(match[1]), path: `${directory}/${other}`, isCompressed });
  }
  return found.sort((a, b) => a.fileNo - b.fileNo);
}

/** Replaces a rotated file by its compressed form; a crash leaves one or the other. */
export async function compressFile(files: Files, path: string, signal: AbortSignal): Promise<void> {
  const target = `${path}.zst`;
  const draft = target + DRAFT_SUFFIX;
  await removeFile(files, draft);
  const source = await files.open(path, 'read');
  try {
    const out = await files.open(draft, 'create');
    try {
      await pump(source, out, signal);
      if (!signal.aborted) await out.sync();
    } finally {
      await out.close();
    }
  } finally {
    await source.close();
  }
  if (signal.aborted) {
    await removeFile(files, draft);
    return;
  }
  const { directory } = splitPath(path);
  await files.rename(draft, target);
  await files.syncDir(directory);
  await removeFile(files, path);
}

async function pump(source: FileHandle, out: FileHandle, signal: AbortSignal): Promise<void> {
  const compressor = new CompressStream({ compressionLevel: ZSTD_LEVEL, checksumFlag: true });
  const parts: Uint8Array[] = [];
  compressor.on('data', (part: Uint8Array) => parts.push(part));
  let written = 0;
  const flush = async (): Promise<void> => {
    const ready = parts.splice(0);
    await out.write(ready, written);
    for (const part of ready) written += part.length;
  };
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; !signal.aborted; ) {
    const count = await source.read(block, at);
    if (count === 0) break;
    at += count;
    await new Promise<void>((resolve, reject) =>
      compressor.write(block.slice(0, count), (error) => (error ? reject(error) : resolve())),
    );
    await flush();
  }
  await new Promise<void>((resolve, reject) => {
    compressor.on('end', resolve).on('error', reject);
    compressor.end();
  });
  await flush();
}

export async function removeFile(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}
