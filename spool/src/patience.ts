// Files for a start, when what is concluded from them decides what is kept: a place that cannot be
// read is tried again with growing delays before it counts as damaged. What cannot be read for a
// moment (a path that is switched over, a device that is reset) is not what is rotten.
import type { FileHandle, FileMode, Files, Timers } from '@weir/pipeline';
import { isPlanted } from '@weir/pipeline';
import { isUnreadable } from './salvage.js';

const DELAY_MS_MIN = 2;
/** All waits together that were in vain: so much later comes a start at most, however much rots. */
const VAIN_WAIT_MS_MAX = 2_000;

class Patience {
  readonly #timers: Timers;
  #leftMs = VAIN_WAIT_MS_MAX;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  async try<T>(read: () => Promise<T>): Promise<T> {
    let waitedMs = 0;
    for (let delayMs = DELAY_MS_MIN; ; delayMs *= 2) {
      try {
        const value = await read();
        // It was not in vain.
        this.#leftMs += waitedMs;
        return value;
      } catch (error) {
        const waitMs = Math.min(delayMs, this.#leftMs);
        if (!isUnreadable(error) || waitMs === 0) throw error;
        this.#leftMs -= waitMs;
        waitedMs += waitMs;
        await this.#timers.sleep(waitMs);
      }
    }
  }
}

/** The same files; only what reads is tried again. One for each start. */
export function patientFiles(files: Files, timers: Timers): Files {
  if (isPlanted('unreadable_is_rotten')) return files;
  const patience = new Patience(timers);
  return {
    open: (path, mode) => openPatiently(files, patience, path, mode),
    readDir: (path) => patience.try(() => files.readDir(path)),
    sizeBytes: (path) => patience.try(() => files.sizeBytes(path)),
    makeDir: (path) => files.makeDir(path),
    rename: (from, to) => files.rename(from, to),
    unlink: (path) => files.unlink(path),
    syncDir: (path) => files.syncDir(path),
    freeBytes: (path) => files.freeBytes(path),
  };
}

async function openPatiently(
  files: Files,
  patience: Patience,
  path: string,
  mode: FileMode,
): Promise<FileHandle> {
  const open = (): Promise<FileHandle> => files.open(path, mode);
  const isThere = mode === 'read' || mode === 'write';
  const handle = await (isThere ? patience.try(open) : open());
  return {
    read: (target, position) => patience.try(() => handle.read(target, position)),
    write: (parts, position) => handle.write(parts, position),
    datasync: () => handle.datasync(),
    sync: () => handle.sync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    close: () => handle.close(),
  };
}
