// quarantine/: copies of what is damaged, and manifest.ndjson, which says of each step of a repair
// when, what and why.
import type { Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import { QUARANTINE_NAME, TEMPORARY_SUFFIX } from '../layout.js';
import { openSalvage } from '../salvage.js';
import { readWhole, removeIfThere } from '../small-files.js';
import type { ConcernedNumbers } from './findings.js';

export const MANIFEST_NAME = 'manifest.ndjson';
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const COPY_BYTES = 1024 * 1024;

export interface ManifestLine {
  /** RFC 3339. */
  readonly at: string;
  readonly action: string;
  /** Kind of the finding that it answers. */
  readonly kind: string;
  readonly file: string;
  readonly offset: number | null;
  readonly length: number | null;
  readonly reason: string;
  /** Name of the copy in quarantine/; null where nothing was copied. */
  readonly copy: string | null;
  readonly numbers: readonly ConcernedNumbers[];
}

/** Durable when it resolves. */
export async function appendManifest(
  files: Files,
  spoolDirectory: string,
  lines: readonly ManifestLine[],
): Promise<void> {
  if (lines.length === 0) return;
  const directory = `${spoolDirectory}/${QUARANTINE_NAME}`;
  const path = `${directory}/${MANIFEST_NAME}`;
  await files.makeDir(directory);
  await files.syncDir(spoolDirectory);
  const size = await files.sizeBytes(path);
  const handle = await files.open(path, size === null ? 'create' : 'write');
  try {
    const text = lines.map((line) => `${JSON.stringify(line, epochsAsText)}\n`).join('');
    await handle.write([new TextEncoder().encode(text)], size ?? 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await files.syncDir(directory);
}

const epochsAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** `kind file` of each line; a line that cannot be read tells nothing. */
export async function knownInManifest(
  files: Files,
  spoolDirectory: string,
): Promise<ReadonlySet<string>> {
  const path = `${spoolDirectory}/${QUARANTINE_NAME}/${MANIFEST_NAME}`;
  const bytes = await readWhole(files, path, MANIFEST_BYTES_MAX);
  const known = new Set<string>();
  for (const line of new TextDecoder().decode(bytes ?? new Uint8Array(0)).split('\n')) {
    try {
      const { kind, file } = JSON.parse(line) as Partial<ManifestLine>;
      known.add(`${kind} ${file}`);
    } catch {
      // A crash cut it off, or it is the empty end.
    }
  }
  return known;
}

/** The bytes [from, to) of a file under a name in quarantine/; what cannot be read is zeros. */
export async function copyAside(
  files: Files,
  spoolDirectory: string,
  source: { readonly path: string; readonly from: number; readonly to: number },
  name: string,
): Promise<void> {
  const directory = `${spoolDirectory}/${QUARANTINE_NAME}`;
  const temporary = `${directory}/${name}${TEMPORARY_SUFFIX}`;
  await files.makeDir(directory);
  await removeIfThere(files, temporary);
  const reading = await openSalvage(files, source.path);
  if (reading === null) return;
  try {
    const writing = await files.open(temporary, 'create');
    try {
      const window = new Uint8Array(COPY_BYTES);
      for (let at = source.from; at < source.to; at += window.length) {
        const part = window.subarray(0, Math.min(window.length, source.to - at));
        const length = await reading.read(part, at);
        await writing.write([part.subarray(0, length)], at - source.from);
        if (length < part.length) break;
      }
      await writing.sync();
    } finally {
      await writing.close();
    }
  } finally {
    await reading.close();
  }
  await files.rename(temporary, `${directory}/${name}`);
  await files.syncDir(directory);
}

/** Moves a file of the spool's directory into quarantine/. */
export async function moveAside(
  files: Files,
  spoolDirectory: string,
  name: string,
  newName: string,
): Promise<void> {
  const directory = `${spoolDirectory}/${QUARANTINE_NAME}`;
  await files.makeDir(directory);
  try {
    await files.rename(`${spoolDirectory}/${name}`, `${directory}/${newName}`);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  await files.syncDir(directory);
  await files.syncDir(spoolDirectory);
}
