// The loader's intent: what is about to be inserted, durable before the first row is sent. There is
// one file, replaced by rename. An intent is open while the consumer's frontier stands before its
// `to`; so settling closes it, and nothing needs to be written for that.
import { crc32 } from 'node:zlib';
import { type Files, type FramePosition, systemCodeOf, WeirError } from '@weir/pipeline';

export interface StreamRange {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal: JSON numbers do not hold 64 bits. */
  readonly epoch: string;
  readonly seqFirst: number;
  readonly seqLast: number;
}

export interface Intent {
  readonly version: 1;
  /** Ascending over restarts. */
  readonly id: number;
  /** From 1; each attempt has query ids of its own. */
  readonly attempt: number;
  readonly from: FramePosition;
  readonly to: FramePosition;
  readonly ranges: readonly StreamRange[];
  /** Bounds of ingest_time, microseconds since 1970. */
  readonly ingestUsFirst: number;
  readonly ingestUsLast: number;
  /** Its batches were checked against the tables, and those behind it have to be as well. */
  readonly isChecked?: boolean;
}

export type StoredIntent =
  | { readonly kind: 'none' }
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** Something stands there that cannot be read: what was inserted is not known. */
  | { readonly kind: 'unreadable' };

const FILE_NAME = 'loader-intent.json';

export class IntentFile {
  readonly #files: Files;
  readonly #directory: string;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  async load(): Promise<StoredIntent> {
    const path = `${this.#directory}/${FILE_NAME}`;
    const sizeBytes = await this.#files.sizeBytes(path);
    if (sizeBytes === null) return { kind: 'none' };
    const bytes = new Uint8Array(sizeBytes);
    const file = await this.#files.open(path, 'read');
    try {
      await file.read(bytes, 0);
    } finally {
      await file.close();
    }
    return decodeIntent(new TextDecoder().decode(bytes));
  }

  async store(intent: Intent): Promise<void> {
    const path = `${this.#directory}/${FILE_NAME}`;
    const temporary = `${path}.tmp`;
    await this.#unlinkIfThere(temporary);
    const file = await this.#files.open(temporary, 'create');
    try {
      await file.write([new TextEncoder().encode(encodeIntent(intent))], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(temporary, path);
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
export function encodeIntent(intent: Intent): string {
  const json = JSON.stringify(intent);
  return `${json}\n${checksum(json)}\n`;
}

/** Throws WEIR_SPOOL_VERSION for an intact intent of another version: it is not ours to replace. */
export function decodeIntent(text: string): StoredIntent {
  const [json = '', sum = ''] = text.split('\n');
  if (sum !== checksum(json)) return { kind: 'unreadable' };
  const intent = JSON.parse(json) as Intent;
  if (intent.version !== 1)
    throw new WeirError(
      'WEIR_SPOOL_VERSION',
      `the loader intent has version ${String(intent.version)}, this program reads version 1; ` +
        'the file was left untouched',
      { version: String(intent.version) },
    );
  return { kind: 'intent', intent };
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');
