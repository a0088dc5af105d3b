// Where an export goes: standard output, a new file, or a new folder with a file a body.
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';

export interface ExportOutput {
  /** True once nobody reads any more: the reader of a pipe left. */
  readonly isClosed: boolean;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array | string): Promise<void>;
  /**
   * What follows is a body of its own. Throws WEIR_USAGE on standard output, which can hold one
   * only.
   */
  nextBody(): Promise<void>;
  /** Resolves when everything is with the system. */
  end(): Promise<void>;
}

/** A path that is there already is refused with WEIR_USAGE: nothing is overwritten. */
export function openOutput(path: string | null, isFolder: boolean): ExportOutput {
  if (path === null) return new StandardOutput();
  return isFolder ? new FolderOutput(path) : new FileOutput(path);
}

class StandardOutput implements ExportOutput {
  isClosed = false;

  constructor() {
    process.stdout.on('error', () => {
      this.isClosed = true;
    });
  }
  write(bytes: Uint8Array | string): Promise<void> {
    return this.isClosed ? Promise.resolve() : writeTo(process.stdout, bytes);
  }
  nextBody(): Promise<void> {
    throw new WeirError(
      'WEIR_USAGE',
      'these frames are more than one body of POST takes; give --out FOLDER, or select fewer',
    );
  }
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) resolve();
      else process.stdout.write('', () => resolve());
    });
  }
}

class FileOutput implements ExportOutput {
  readonly isClosed = false;
  readonly #path: string;
  readonly #stream: WriteStream;
  #error: Error | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#stream = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
  }
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#error === null) await writeTo(this.#stream, bytes);
    if (this.#error !== null) throw outputError(this.#path, this.#error);
  }
  async nextBody(): Promise<void> {
    // One file takes all.
  }
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.on('close', resolve);
      this.#stream.end();
    });
    if (this.#error !== null) throw outputError(this.#path, this.#error);
  }
}

class FolderOutput implements ExportOutput {
  readonly isClosed = false;
  readonly #path: string;
  #count = 0;
  #file: FileOutput | null = null;

  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      throw outputError(path, error);
    }
  }
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#file === null) {
      this.#count++;
      const name = `${String(this.#count).padStart(6, '0')}.frames`;
      this.#file = new FileOutput(join(this.#path, name));
    }
    await this.#file.write(bytes);
  }
  async nextBody(): Promise<void> {
    await this.end();
  }
  async end(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.end();
  }
}

/** Resolves when the stream takes more, or ends: whoever writes looks at what happened then. */
async function writeTo(stream: Writable, bytes: Uint8Array | string): Promise<void> {
  if (stream.write(bytes)) return;
  const ended = new AbortController();
  const { signal } = ended;
  const waits = ['drain', 'close', 'error'].map((name) => once(stream, name, { signal }));
  try {
    await Promise.race(waits.map((wait) => wait.catch(() => undefined)));
  } finally {
    ended.abort();
  }
}

function outputError(path: string, error: unknown): WeirError {
  const why =
    systemCodeOf(error) === 'EEXIST'
      ? 'is there already: name a new one'
      : `cannot be written: ${messageOf(error)}`;
  return new WeirError('WEIR_USAGE', `${path} ${why}`);
}
