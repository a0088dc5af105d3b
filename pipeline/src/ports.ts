// Ports: the only way to files, clock, timers, randomness, sockets and workers. The real ones live
// in node/, the simulated ones in testing/, so that a whole collector runs from one seed.

export interface Ports {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
}

export interface Clock {
  /** Wall clock, ns since 1970. Only for stamps; no verdict and no timeout uses it. */
  nowNs(): bigint;
  /** Monotonic, ms with a fraction. */
  monotonicMs(): number;
}

export interface Timer {
  cancel(): void;
}
export interface Timers {
  /** Calls back once; does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after the delay, or at once when the signal aborts. Keeps the process alive. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Cryptographically strong on real ports; seeded in simulation. */
  bytes(byteCount: number): Uint8Array;
  u32(): number;
}

export type FileMode = 'read' | 'create' | 'create_private' | 'write';

/** Errors carry the system's `code` (ENOENT, ENOSPC, EIO, ...). */
export interface Files {
  /**
   * `read`: must exist. `create`: must not exist, read and write. `create_private`: the same, and
   * only the owner may read it (0600): for keys. `write`: must exist, read and write.
   */
  open(path: string, mode: FileMode): Promise<FileHandle>;
  readDir(path: string): Promise<string[]>;
  makeDir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** fsync of the directory: makes creates, renames and unlinks in it durable. */
  syncDir(path: string): Promise<void>;
  /** null when there is no such file. */
  sizeBytes(path: string): Promise<number | null>;
  /** Space left for data on the file system of the path. */
  freeBytes(path: string): Promise<number>;
}

export interface FileHandle {
  /** Fills `target` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all parts one after the other from `position`; a short write is retried inside. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /**
   * Never rejects: the descriptor is gone in any case, and what is to last was synced before. An
   * error here says nothing that a sync has not said.
   */
  close(): Promise<void>;
}

/** Errors carry the system's `code` (EADDRINUSE, EACCES, ...). */
export interface Network {
  listenTcp(options: TcpListenOptions): Promise<Listening>;
  bindUdp(options: UdpBindOptions): Promise<Listening>;
}
export interface TcpListenOptions {
  readonly host: string;
  readonly port: number;
  readonly onConnection: (connection: TcpConnection) => void;
  /** While it listens: a connection could not be accepted. It goes on listening. */
  readonly onError?: (error: Error) => void;
}
export interface UdpBindOptions {
  readonly host: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** `bytes` is only valid during the call. */
  readonly onMessage: (bytes: Buffer, peerAddress: string) => void;
  /** While it is bound; it goes on receiving. */
  readonly onError?: (error: Error) => void;
}
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Stops listening; open TCP connections stay. */
  close(): Promise<void>;
}
export interface TcpConnection {
  readonly peerAddress: string;
  /** The chunk is only valid during the call. */
  onData(callback: (chunk: Buffer) => void): void;
  /** Once, when no more data will come; null for an orderly end. */
  onClose(callback: (error: Error | null) => void): void;
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** A pool of workers for one kind of task. */
export interface Workers<Task, Result> {
  readonly workerCount: number;
  /**
   * Moves the buffers in `transfer`. Rejects with WEIR_WORKER_FAILED when the worker threw, hung or
   * died; `workerFailureOf` tells which, and whether this task was the reason.
   */
  run(task: Task, transfer: readonly ArrayBuffer[], options?: RunOptions): Promise<Result>;
  close(): Promise<void>;
}

export interface RunOptions {
  /** How long the task may keep a worker; waiting for one does not count. Default: the pool's. */
  readonly timeoutMs?: number;
}
