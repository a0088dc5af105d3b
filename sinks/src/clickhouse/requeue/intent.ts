// The requeue's intent: which numbers are about to enter the events table, durable before the first
// row is sent. The file is there while that is under way, and removed once the ledger knows the
// rows and quarantine has them superseded.
import { type Files, WeirError } from '@weir/pipeline';
import { decodeChecked, encodeChecked, TextFile } from '../loader/text-file.js';

export interface SeqsOfStream {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal: JSON numbers do not hold 64 bits. */
  readonly epoch: string;
  /** Ascending. */
  readonly seqs: readonly number[];
}

export interface RequeueIntent {
  readonly version: 1;
  readonly streams: readonly SeqsOfStream[];
  /** Bounds of ingest_time, microseconds since 1970. */
  readonly ingestUsFirst: number;
  readonly ingestUsLast: number;
}

const FILE_NAME = 'requeue-intent.json';

export class RequeueIntentFile {
  readonly #file: TextFile;

  /** The directory of the loader's intent. */
  constructor(files: Files, directory: string) {
    this.#file = new TextFile(files, directory, FILE_NAME);
  }

  /**
   * Null where nothing is under way. `unreadable`: something is, and it is not known what. Throws
   * WEIR_SPOOL_VERSION for one of another version.
   */
  async load(): Promise<RequeueIntent | 'unreadable' | null> {
    const text = await this.#file.load();
    if (text === null) return null;
    const json = decodeChecked(text);
    if (json === null) return 'unreadable';
    const intent = JSON.parse(json) as RequeueIntent;
    if (intent.version === 1) return intent;
    throw new WeirError(
      'WEIR_SPOOL_VERSION',
      `the requeue intent has version ${String(intent.version)}, this program reads version 1; ` +
        'the file was left untouched',
      { version: String(intent.version) },
    );
  }

  store(intent: RequeueIntent): Promise<void> {
    return this.#file.store(encodeChecked(intent));
  }

  remove(): Promise<void> {
    return this.#file.remove();
  }
}

/** Whether a requeue of the instance was begun and is not complete. */
export async function isRequeueOpen(files: Files, intentDirectory: string): Promise<boolean> {
  return (await files.sizeBytes(`${intentDirectory}/${FILE_NAME}`)) !== null;
}
