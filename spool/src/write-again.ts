// Making durable what a process before this one wrote in place. After a failed fsync Linux counts
// the pages as clean although the disk never got them: reads go on showing them, and the next fsync
// succeeds and writes nothing. So the bytes are written again, each where it stands, before
// anything is concluded from them. See FORMAT.md "Recovery" and ADR 0023.
import type { FileHandle, Files } from '@weir/pipeline';
import { isPlanted, systemCodeOf } from '@weir/pipeline';
import { isUnreadable } from './salvage.js';
import { replaceFile } from './small-files.js';

const pieceBytes = 1024 * 1024;
const blockBytes = 4096;
/** The first sync may still report an error of the process before. */
const attemptsMax = 2;
const zeros = Buffer.alloc(pieceBytes);

interface Piece {
  readonly at: number;
  /** Valid until the next piece is read. */
  readonly bytes: Uint8Array;
}

/**
 * What a read shows is on the disk when it resolves; places that cannot be read, and zeros at the
 * end, are left as they are. Where the place itself cannot be written the file is replaced by an
 * equal one. Rejects with the system's error when neither works: then nothing of it may be trusted.
 * No file is no error; with `mayBeUnreadable` one that cannot be opened for damage is none either,
 * since nothing will be read of it.
 */
export async function writeAgain(
  files: Files,
  directory: string,
  name: string,
  { mayBeUnreadable = false } = {},
): Promise<void> {
  if (isPlanted('recovered_without_writing') || isPlanted('recovered_without_sync')) return;
  const path = `${directory}/${name}`;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    let handle: FileHandle;
    try {
      handle = await files.open(path, 'write');
    } catch (error) {
      const isDamage = mayBeUnreadable && isUnreadable(error);
      if (isDamage || systemCodeOf(error) === 'ENOENT') return;
      throw error;
    }
    try {
      const sizeBytes = (await files.sizeBytes(path)) ?? 0;
      await writeInPlace(handle, sizeBytes);
      return;
    } catch (error) {
      if (systemCodeOf(error) === '') throw error;
    } finally {
      await handle.close();
    }
  }
  await replaceByCopy(files, directory, name);
}

async function writeInPlace(handle: FileHandle, sizeBytes: number): Promise<void> {
  /** Pieces of zeros: written once something follows them, else they only wait for frames. */
  let waiting: { readonly at: number; readonly byteCount: number }[] = [];
  for await (const { at, bytes } of piecesOf(handle, sizeBytes, true)) {
    if (isZero(bytes)) {
      waiting.push({ at, byteCount: bytes.length });
      continue;
    }
    for (const { at, byteCount } of waiting) await handle.write([zeros.subarray(0, byteCount)], at);
    waiting = [];
    await handle.write([bytes], at);
  }
  await handle.datasync();
}

/** Atomic, and in blocks of its own. Rejects where a piece cannot be read: it would be lost. */
async function replaceByCopy(files: Files, directory: string, name: string): Promise<void> {
  const path = `${directory}/${name}`;
  const handle = await files.open(path, 'read');
  try {
    const sizeBytes = (await files.sizeBytes(path)) ?? 0;
    await replaceFile(files, directory, name, bytesOf(handle, sizeBytes));
  } finally {
    await handle.close();
  }
}

async function* bytesOf(handle: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of piecesOf(handle, sizeBytes, false)) yield bytes;
}

/** `isSkipping`: blocks that cannot be read are left out; else the error of the read is thrown. */
async function* piecesOf(
  handle: FileHandle,
  sizeBytes: number,
  isSkipping: boolean,
): AsyncGenerator<Piece, void> {
  const memory = new Uint8Array(Math.min(pieceBytes, sizeBytes));
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    const end = Math.min(at + pieceBytes, sizeBytes);
    const whole = await readPiece(handle, memory.subarray(0, end - at), at, isSkipping);
    if (whole !== null) {
      yield whole;
      continue;
    }
    for (let blockAt = at; blockAt < end; blockAt += blockBytes) {
      const target = memory.subarray(0, Math.min(blockBytes, end - blockAt));
      const block = await readPiece(handle, target, blockAt, isSkipping);
      if (block !== null) yield block;
    }
  }
}

async function readPiece(
  handle: FileHandle,
  target: Uint8Array,
  at: number,
  isSkipping: boolean,
): Promise<Piece | null> {
  try {
    return { at, bytes: target.subarray(0, await handle.read(target, at)) };
  } catch (error) {
    if (isSkipping && isUnreadable(error)) return null;
    throw error;
  }
}

function isZero(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(
    zeros.subarray(0, bytes.length),
  );
}
