// Who runs an engine on a data directory. Each child writes a record of its own before it opens the
// engine, DIRECTORY/engine-<pid>.json, so a start finds whatever an earlier one left behind. The
// engine itself holds a lock on DIRECTORY/status, which is what decides between two starts at once.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { isSameProcess, killAndWait, processStart } from '@weir/pipeline/node';

interface EngineRecord {
  readonly pid: number;
  readonly start: string;
  readonly parentPid: number;
  readonly parentStart: string;
}

const RECORD_NAME = /^engine-(\d+)\.json$/;
const KILL_WAIT_MS = 30_000;

const recordPath = (directory: string, pid: number): string =>
  join(directory, `engine-${pid}.json`);

/** Called by the child, before the engine opens. */
export function writeEngineRecord(directory: string, parentPid: number): void {
  mkdirSync(directory, { recursive: true });
  const record: EngineRecord = {
    pid: process.pid,
    start: processStart(process.pid) ?? '',
    parentPid,
    parentStart: processStart(parentPid) ?? '',
  };
  const path = recordPath(directory, process.pid);
  writeFileSync(`${path}.tmp`, JSON.stringify(record));
  renameSync(`${path}.tmp`, path);
}

export function removeEngineRecord(directory: string, pid: number): void {
  rmSync(recordPath(directory, pid), { force: true });
}

/**
 * Kills children whose parent is gone and waits for their end: after that no insert of theirs can
 * still land, so what is read back stays true. Throws WEIR_DATA_DIR_LOCKED when a parent lives.
 */
export async function fenceLeftovers(
  directory: string,
  log: (line: string) => void,
): Promise<void> {
  for (const record of readRecords(directory)) {
    if (isSameProcess(record.pid, record.start)) {
      if (isSameProcess(record.parentPid, record.parentStart))
        throw lockedError(directory, record.parentPid);
      log(`ending engine process ${record.pid} that an earlier run left behind`);
      if (!(await killAndWait(record.pid, record.start, KILL_WAIT_MS)))
        throw lockedError(directory, record.pid);
    }
    removeEngineRecord(directory, record.pid);
  }
}

export function lockedError(directory: string, pid: number | null): WeirError {
  const owner = pid === null ? 'another process' : `process ${pid}`;
  return new WeirError(
    'WEIR_DATA_DIR_LOCKED',
    `${owner} uses the data directory ${directory}; stop it first, or choose another directory`,
    { directory, pid },
  );
}

function readRecords(directory: string): EngineRecord[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  const records: EngineRecord[] = [];
  for (const name of names) {
    const pid = RECORD_NAME.exec(name)?.[1];
    if (pid === undefined) continue;
    const record = parseRecord(join(directory, name), Number(pid));
    if (record !== null) records.push(record);
  }
  return records;
}

/** A record that cannot be read names no process that holds the lock: it is written by rename. */
function parseRecord(path: string, pid: number): EngineRecord | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as EngineRecord;
    return value.pid === pid && value.start !== '' ? value : null;
  } catch {
    return null;
  }
}
