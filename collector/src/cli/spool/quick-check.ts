// What `weir validate` says of the spool that `weir run` would open: a look at its state, headers
// and footers, not at every byte.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { nodeFiles } from '@weir/pipeline/node';
import { fsckSpool } from '@weir/spool';
import { holderOf } from '../../run/data-directory.js';
import { bytes, count } from '../numbers.js';
import { withIntent } from './fsck.js';
import { findSpool, foldersBeside } from './place.js';

export interface SpoolCheck {
  readonly directory: string;
  /** `none`: the first start makes it. `unreadable`: a start would be refused. */
  readonly state: 'none' | 'ok' | 'damaged' | 'unreadable';
  readonly isRunning: boolean;
  readonly segmentCount: number;
  readonly bytesUsed: number;
  readonly bytesMax: number;
  readonly freeBytes: number;
  /** Each one sentence without its dot. */
  readonly warnings: readonly string[];
  /** Why a start would be refused; null if it would not. */
  readonly problem: string | null;
}

/** Never rejects for what is on the disk. */
export async function checkSpoolOf(dataDir: string, bytesMax: number): Promise<SpoolCheck> {
  const dataDirectory = resolve(dataDir);
  const directory = join(dataDirectory, 'spool');
  const base = {
    directory,
    isRunning: holderOf(dataDirectory) !== null,
    segmentCount: 0,
    bytesUsed: 0,
    bytesMax,
    freeBytes: 0,
    warnings: [],
    problem: null,
  };
  try {
    const freeBytes = await nodeFiles().freeBytes(nearestThatExists(directory));
    if (!existsSync(directory)) {
      const warnings = roomWarnings(freeBytes, 0, bytesMax);
      return { ...base, state: 'none', freeBytes, warnings };
    }
    return await look({ ...base, freeBytes });
  } catch (error) {
    if (!(error instanceof WeirError) && systemCodeOf(error) === '') throw error;
    return { ...base, state: 'unreadable', problem: messageOf(error) };
  }
}

async function look(base: Omit<SpoolCheck, 'state'>): Promise<SpoolCheck> {
  const { directory, freeBytes, bytesMax } = base;
  const files = nodeFiles();
  const names = await files.readDir(directory);
  let bytesUsed = 0;
  for (const name of names) bytesUsed += (await files.sizeBytes(join(directory, name))) ?? 0;
  const warnings = roomWarnings(freeBytes, bytesUsed, bytesMax);
  const isEmpty = !names.some((name) => name !== 'quarantine' && !name.endsWith('.tmp'));
  if (isEmpty) return { ...base, state: 'none', bytesUsed, warnings };
  const place = await findSpool(directory);
  const report = withIntent(
    place,
    await fsckSpool({
      files,
      directory,
      prefix: place.prefix,
      ...foldersBeside(place.dataDirectory),
      isLive: place.pid !== null,
      isDeep: false,
    }),
  );
  for (const { file, what } of report.findings) warnings.push(`${file}: ${what}`);
  if (!report.isClean) warnings.push(`weir spool fsck ${dirname(directory)} says what to do`);
  const state = report.isClean ? 'ok' : 'damaged';
  return { ...base, state, segmentCount: report.segmentCount, bytesUsed, warnings };
}

function roomWarnings(freeBytes: number, bytesUsed: number, bytesMax: number): string[] {
  const wanted = bytesMax - bytesUsed;
  return freeBytes >= wanted
    ? []
    : [
        `spool.max_bytes is ${bytes(bytesMax)}, ${bytes(bytesUsed)} are used and the disk has ` +
          `${bytes(freeBytes)} free: it is full before the spool is`,
      ];
}

function nearestThatExists(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

/** One line for people. */
export function spoolCheckLine(check: SpoolCheck): string {
  const { state, directory, segmentCount, bytesUsed, bytesMax, freeBytes, isRunning } = check;
  const room = `${bytes(freeBytes)} free on its disk`;
  if (state === 'none')
    return `${directory} (not there yet, of at most ${bytes(bytesMax)}; ${room})`;
  if (state === 'unreadable') return `${directory} (cannot be used)`;
  const used = `${count(segmentCount)} segments, ${bytes(bytesUsed)} of at most ${bytes(bytesMax)}`;
  const verdict = state === 'ok' ? 'in order' : 'with damage';
  return `${directory} (${verdict}; ${used}; ${room}${isRunning ? '; in use' : ''})`;
}
