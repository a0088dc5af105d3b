// Archives in a bucket, as an s3 sink writes them.
import type { S3Reader } from '@weir/sinks/s3';
import { isArchiveName, linesOf } from './lines-of.js';
import type { ArchiveFile } from './replay.js';

/** Objects under a prefix, in the order of their keys. */
export async function* objectsBelow(
  reader: S3Reader,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ArchiveFile> {
  for await (const key of reader.keys(prefix, signal)) {
    if (!isArchiveName(key)) continue;
    yield {
      name: key,
      read: (use) => reader.read(key, signal, (chunks) => use(linesOf(key, chunks))),
    };
  }
}
