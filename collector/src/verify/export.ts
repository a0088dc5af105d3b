// Writes what was signed as one file that anyone can check offline. EVIDENCE.md "Bundle".
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type BundleSummary, type GatherOptions, gatherBundle } from './gather.js';

export interface ExportOptions extends GatherOptions {
  /** Gzip if it ends in .gz. */
  readonly file: string;
}

export interface ExportSummary extends BundleSummary {
  readonly lineCount: number;
}

/** Rejects with WEIR_NOT_RUNNING when there is nothing to export, and when no key can seal it. */
export async function exportBundle(options: ExportOptions): Promise<ExportSummary> {
  const { summary, lines } = await gatherBundle(options);
  let lineCount = 0;
  await writeLines(
    options.file,
    counted(lines, () => lineCount++),
  );
  return { ...summary, lineCount };
}

async function writeLines(file: string, lines: AsyncIterable<string>): Promise<void> {
  const temporary = `${file}.tmp`;
  const out = createWriteStream(temporary, { mode: 0o600 });
  try {
    if (file.endsWith('.gz')) await pipeline(Readable.from(lines), createGzip(), out);
    else await pipeline(Readable.from(lines), out);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* counted(lines: AsyncIterable<string>, count: () => void): AsyncGenerator<string> {
  for await (const line of lines) {
    count();
    yield `${line}\n`;
  }
}
