/** Numbers as a closed range. */
export type NumberRange = readonly [first: number, last: number];

/** What became of the numbers of one stream in one sink. Each number counts once. */
export interface StreamFigures {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal. */
  readonly epoch: string;
  /** issued = stored + quarantined + filtered + lost + inFlight + missing. Without `before`. */
  readonly issued: number;
  readonly stored: number;
  readonly quarantined: number;
  readonly filtered: number;
  /** Declared losses by cause. */
  readonly lost: Readonly<Record<string, number>>;
  /** No outcome yet, and a frame of the bundle holds them. */
  readonly inFlight: number;
  readonly missing: readonly NumberRange[];
  /** Running totals by cause; refused events never had a number. */
  readonly refused: Readonly<Record<string, number>>;
  /** Issued when the sink was not configured, and not asked of it. */
  readonly before: number;
}

export interface SinkFigures {
  readonly id: string;
  readonly type: string;
  readonly required: boolean;
  /** False: its outcomes were signed at the export, not as they happened. */
  readonly signed: boolean;
  /** Sorted as in the bundle's last whole state and behind it. */
  readonly streams: readonly StreamFigures[];
}

export interface BundleReport {
  /** Everything in it is genuine and fits together. */
  readonly holds: boolean;
  /** It holds, and no number is missing in a required sink. */
  readonly closes: boolean;
  /** Empty, or one sentence with the number of a line: the first thing that is wrong. */
  readonly problems: readonly string[];
  /** Id of the node; empty if the first line is not readable. */
  readonly node: string;
  /** Number of the tree. */
  readonly tree: number;
  /** Leaves. */
  readonly size: number;
  /** Checkpoints behind `begin`. */
  readonly checkpoints: number;
  /** Leaves behind the largest anchor or given checkpoint: their owner could deny them. */
  readonly unanchored: number;
  /** Anchors within the compacted history, which cannot be compared any more. */
  readonly incomparable: number;
  /** Empty if it does not hold. */
  readonly sinks: readonly SinkFigures[];
}

export interface ProofReport {
  readonly holds: boolean;
  readonly problems: readonly string[];
  /** Bytes of the event; null if it does not hold, or the payload cannot be decompressed here. */
  readonly event: Buffer | null;
  readonly tenant?: string;
  readonly stream?: string;
  readonly epoch?: string;
  readonly seq?: number;
  readonly index?: number;
  /** Leaves of the tree that the checkpoint signs. */
  readonly size?: number;
  /** `weir/node/<node id>/<tree number>` */
  readonly origin?: string;
}

export interface BundleOptions {
  /** Verifier keys, one line each: `<name>+<hash>+<base64>`. Only these are trusted. */
  readonly keys: readonly string[];
  /** Checkpoints that were kept elsewhere: texts of signed notes. */
  readonly anchors?: readonly string[];
}

export interface ProofOptions {
  readonly keys: readonly string[];
  /** Opens a zstd payload of `rawBytes` bytes; by default that of Node, if it has one. */
  readonly decompress?: (bytes: Uint8Array, rawBytes: number) => Uint8Array;
}

/** `lines` without their newlines. Never rejects: what is wrong stands in `problems`. */
export function verifyBundle(
  lines: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: BundleOptions,
): Promise<BundleReport>;

/** `text` is the JSON of a proof, with or without a newline. Never throws. */
export function verifyProof(text: string, options: ProofOptions): ProofReport;

/** Lines of the bytes of a file, which may be compressed by gzip. Throws while it is read. */
export function linesOf(file: Buffer): Generator<Buffer>;
