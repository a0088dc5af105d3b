// A small file of one line that is replaced as a whole: either the old text or the new one is
// there, whatever happens. Behind the line stands its CRC-32.
import { crc32 } from 'node:zlib';
import { type Files, systemCodeOf } from '@weir/pipeline';

export class TextFile {
  readonly #files: Files;
  readonly #directory: string;
  readonly #path: string;

  /** The directory exists. */
  constructor(files: Files, directory: string, name: string) {
    this.#files = files;
    this.#directory = directory;
    this.#path = `${directory}/${name}`;
  }

  /** Everything that stands in the file; null without one. */
  async load(): Promise<string | null> {
    const sizeBytes = await this.#files.sizeBytes(this.#path);
    if (sizeBytes === null) return null;
    const bytes = new Uint8Array(sizeBytes);
    const file = await this.#files.open(this.#path, 'read');
    try {
      await file.read(bytes, 0);
    } finally {
      await file.close();
    }
    return new TextDecoder().decode(bytes);
  }

  /** Durable when it resolves. */
  async store(text: string): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    await this.#unlinkIfThere(temporary);
    const file = await this.#files.open(temporary, 'create');
    try {
      await file.write([new TextEncoder().encode(text)], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(temporary, this.#path);
    await this.#files.syncDir(this.#directory);
  }

  async remove(): Promise<void> {
    await this.#unlinkIfThere(this.#path);
    await this.#files.syncDir(this.#directory);
  }

  async #unlinkIfThere(path: string): Promise<void> {
    try {
      await this.#files.unlink(path);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** One line of JSON, then the CRC-32 of it in eight hexadecimal digits. */
export function encodeChecked(value: unknown): string {
  const json = JSON.stringify(value);
  return `${json}\n${checksum(json)}\n`;
}

/** The JSON text; null if it does not match its checksum. */
export function decodeChecked(text: string): string | null {
  const [json = '', sum = ''] = text.split('\n');
  return sum === checksum(json) ? json : null;
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');
