// The loader's intent: what is about to be inserted, durable before the first row is sent. There is
// one file, replaced by rename. An intent is open while the consumer's frontier stands before its
// `to`; so settling closes it, and nothing needs to be written for that.
import { type Files, type FramePosition, WeirError } from '@weir/pipeline';
import { decodeChecked, encodeChecked, TextFile } from './text-file.js';

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

/** Keeps the newest intent. */
export interface IntentStore {
  /** Rejects with WEIR_SPOOL_VERSION for an intent of another version. */
  load(): Promise<StoredIntent>;
  /** Resolves once it is durable. */
  store(intent: Intent): Promise<void>;
}

const FILE_NAME = 'loader-intent.json';

export class IntentFile implements IntentStore {
  readonly path: string;
  readonly #file: TextFile;

  constructor(files: Files, directory: string) {
    this.path = `${directory}/${FILE_NAME}`;
    this.#file = new TextFile(files, directory, FILE_NAME);
  }

  async load(): Promise<StoredIntent> {
    const text = await this.#file.load();
    return text === null ? { kind: 'none' } : decodeIntent(text);
  }

  store(intent: Intent): Promise<void> {
    return this.#file.store(encodeIntent(intent));
  }
}

/** One line of JSON, then its checksum. */
export const encodeIntent = (intent: Intent): string => encodeChecked(intent);

/** Throws WEIR_SPOOL_VERSION for an intact intent of another version: it is not ours to replace. */
export function decodeIntent(text: string): StoredIntent {
  const json = decodeChecked(text);
  if (json === null) return { kind: 'unreadable' };
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
