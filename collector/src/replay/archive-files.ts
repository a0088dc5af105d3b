// Archives in a folder, as a file sink writes them or a copy of a bucket has them.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WeirError } from '@weir/pipeline';
import { isArchiveName, linesOf } from './lines-of.js';
import type { ArchiveFile } from './replay.js';

/** Files below a folder in the order of their names, or one file. Rejects with WEIR_USAGE. */
export async function* filesBelow(path: string): AsyncGenerator<ArchiveFile> {
  for (const name of await namesBelow(path))
    yield { name, read: (use) => use(linesOf(name, createReadStream(name))) };
}

async function namesBelow(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path, { recursive: true });
    return names
      .filter(isArchiveName)
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw new WeirError('WEIR_USAGE', `${path} cannot be read: ${messageOf(error)}`);
  }
}
