// The life of one process of the collector. It is killed between two calls of its ports: from then
// on nothing that it does has an effect, and nothing it waits for comes.
import type {
  FileHandle,
  FileMode,
  Files,
  Listening,
  Network,
  Timer,
  Timers,
} from '@weir/pipeline';
import type { SimFiles, SimNetwork } from '@weir/pipeline/testing';
import type { Trace } from '../trace.js';

const NEVER: Promise<never> = new Promise(() => undefined);

export class Life {
  isDead = false;

  async alive<T>(reply: Promise<T>): Promise<T> {
    try {
      const value = await reply;
      return this.isDead ? await NEVER : value;
    } catch (error) {
      if (this.isDead) return await NEVER;
      throw error;
    }
  }
}

export const lifeTimers = (life: Life, timers: Timers): Timers => ({
  after(delayMs: number, callback: () => void): Timer {
    return timers.after(delayMs, () => {
      if (!life.isDead) callback();
    });
  },
  sleep: (delayMs, signal) => life.alive(timers.sleep(delayMs, signal)),
});

export const lifeNetwork = (life: Life, network: SimNetwork): Network => {
  const listening = (found: Promise<Listening>): Promise<Listening> => life.alive(found);
  return {
    listenTcp: (options) =>
      listening(
        network.listenTcp({
          ...options,
          onConnection: (connection) => {
            if (!life.isDead) options.onConnection(connection);
          },
        }),
      ),
    bindUdp: (options) => listening(network.bindUdp(options)),
  };
};

/** How slow a call is, drawn before it takes effect; 0 waits for nothing. */
export type DiskDelay = (kind: 'datasync' | 'sync' | 'syncDir' | 'other') => number;

/** The files as a process has them: slow, noted, and gone with it. */
export class LifeFiles implements Files {
  constructor(
    readonly life: Life,
    readonly files: SimFiles,
    readonly timers: Timers,
    readonly delay: DiskDelay,
    readonly trace: Trace,
  ) {}

  async open(path: string, mode: FileMode): Promise<FileHandle> {
    const handle = await this.call(`open ${mode}`, path, () => this.files.open(path, mode));
    return new LifeHandle(this, handle, path);
  }
  readDir(path: string): Promise<string[]> {
    return this.call('readDir', path, () => this.files.readDir(path));
  }
  makeDir(path: string): Promise<void> {
    return this.call('makeDir', path, () => this.files.makeDir(path));
  }
  rename(from: string, to: string): Promise<void> {
    return this.call('rename', to, () => this.files.rename(from, to));
  }
  unlink(path: string): Promise<void> {
    return this.call('unlink', path, () => this.files.unlink(path));
  }
  syncDir(path: string): Promise<void> {
    return this.call('syncDir', path, () => this.files.syncDir(path), 'syncDir');
  }
  sizeBytes(path: string): Promise<number | null> {
    return this.call('sizeBytes', path, () => this.files.sizeBytes(path));
  }
  async freeBytes(path: string): Promise<number> {
    return Math.min(2 ** 40, await this.call('freeBytes', path, () => this.files.freeBytes(path)));
  }

  async call<T>(
    what: string,
    path: string,
    make: () => Promise<T>,
    kind: Parameters<DiskDelay>[0] = 'other',
  ): Promise<T> {
    const { life, timers, trace } = this;
    if (life.isDead) return NEVER;
    const delayMs = this.delay(kind);
    if (delayMs > 0) await life.alive(timers.sleep(delayMs));
    if (life.isDead) return NEVER;
    try {
      const value = await life.alive(make());
      trace.note(what, path);
      return value;
    } catch (error) {
      trace.note(`${what} failed`, `${path} ${(error as { code?: string }).code ?? ''}`);
      throw error;
    }
  }
}

class LifeHandle implements FileHandle {
  constructor(
    readonly files: LifeFiles,
    readonly handle: FileHandle,
    readonly path: string,
  ) {}

  read(target: Uint8Array, position: number): Promise<number> {
    return this.files.call('read', this.path, () => this.handle.read(target, position));
  }
  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    return this.files.call('write', this.path, () => this.handle.write(parts, position));
  }
  datasync(): Promise<void> {
    return this.files.call('datasync', this.path, () => this.handle.datasync(), 'datasync');
  }
  sync(): Promise<void> {
    return this.files.call('sync', this.path, () => this.handle.sync(), 'sync');
  }
  truncate(sizeBytes: number): Promise<void> {
    return this.files.call('truncate', this.path, () => this.handle.truncate(sizeBytes));
  }
  close(): Promise<void> {
    return this.files.call('close', this.path, () => this.handle.close());
  }
}
