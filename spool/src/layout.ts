// Names, magics and sizes of FORMAT.md, and the few helpers that all its parts share.
import { createHash } from 'node:crypto';
import { assert, WeirError } from '@weir/pipeline';

export const FORMAT_VERSION = 1;
export const ALIGNMENT_BYTES = 8;
export const SEGMENT_HEADER_BYTES = 192;
/** Where the CRC of the bytes before stands; a version keeps it at the end of its header. */
export const SEGMENT_HEADER_CRC_AT = SEGMENT_HEADER_BYTES - 4;
export const FRAME_HEADER_BYTES = 128;
export const FOOTER_FIXED_BYTES = 128;
export const FOOTER_TRAILER_BYTES = 16;
/** A table of some 100,000 streams. */
export const FOOTER_BYTES_MAX = 16 * 1024 * 1024;
export const SLOT_BYTES = 512;
/**
 * A segment ends at this many request parts (a single frame may exceed it alone), so that its
 * sidecar is encoded and read in parts of a second and its memory is small.
 */
export const SEGMENT_REQUEST_PARTS_MAX = 65_536;
/**
 * Sidecars with request parts, whatever is in them: a start opens each one. A process that ends
 * within the window deletes none for its age.
 */
export const KEY_FILES_MAX = 16_384;
/** Small files that are read whole: epochs and keys. */
export const SIDECAR_BYTES_MAX = 256 * 1024 * 1024;

export const SEGMENT_MAGIC = 'WEIRSEG1';
export const SLOT_MAGIC = 'WEIRCKPT';
export const FRAME_MAGIC = 'WFRM';
export const FOOTER_MAGIC = 'WEND';
export const FOOTER_END_MAGIC = 'FEND';

assert(SEGMENT_HEADER_BYTES % ALIGNMENT_BYTES === 0, 'the first frame is aligned');
assert(FRAME_HEADER_BYTES % ALIGNMENT_BYTES === 0, 'frames stay aligned');
assert(SLOT_BYTES * 2 === 1024, 'two slots of one sector each');

export const CODEC = { stored: 0, zstd: 1 } as const;
export const INPUT_FORMAT = { syslog: 1, json: 2 } as const;

export const align = (bytes: number): number =>
  Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Numbers of events, frames, segments and offsets: u64 on disk, below 2^53 in memory. */
export function putCount(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}
/** Values of 2^53 and more become a number that no limit admits. */
export const getCount = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;

export function putAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
export function hasAscii(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

const idText = (id: number): string => id.toString(16).padStart(16, '0');
export const segmentName = (id: number): string => `seg-${idText(id)}.log`;
export const endName = (id: number): string => `seg-${idText(id)}.end`;
export const keysName = (id: number): string => `seg-${idText(id)}.keys`;
export const consumerName = (name: string): string => `consumer-${name}.ckpt`;
export const CHECKPOINT_NAME = 'ckpt';
export const EPOCHS_NAME = 'epochs';
/** An `epochs` that a process with this epoch counter could not read. */
export const epochsAsideName = (epochCounter: number): string =>
  `${EPOCHS_NAME}-${idText(epochCounter)}.unread`;
export const QUARANTINE_NAME = 'quarantine';
export const TEMPORARY_SUFFIX = '.tmp';

const segmentPattern = /^seg-([0-9a-f]{16})\.(log|end|keys)$/;
const epochsAsidePattern = /^epochs-([0-9a-f]{16})\.unread$/;
const consumerPattern = /^consumer-([a-z0-9_]{1,64})\.ckpt$/;

/** Id and ending of a file that belongs to a segment; null for any other name. */
export function parseSegmentName(
  name: string,
): { readonly id: number; readonly ending: 'log' | 'end' | 'keys' } | null {
  const match = segmentPattern.exec(name);
  if (match === null) return null;
  const id = Number.parseInt(match[1] ?? '', 16);
  const ending = match[2];
  if (ending !== 'log' && ending !== 'end' && ending !== 'keys') return null;
  return Number.isSafeInteger(id) && id > 0 ? { id, ending } : null;
}

/** The counter in the name of an `epochs` that was put aside; null for any other name. */
export function parseEpochsAsideName(name: string): number | null {
  const match = epochsAsidePattern.exec(name);
  return match === null ? null : Number.parseInt(match[1] ?? '', 16);
}

/** The consumer that a file belongs to; null for any other name. */
export const parseConsumerName = (name: string): string | null =>
  consumerPattern.exec(name)?.[1] ?? null;

/** Ends the process on a consumer name that cannot be a file name: it comes from code. */
export function assertConsumerName(name: string): void {
  assert(
    parseConsumerName(consumerName(name)) !== null,
    `consumer name ${name} is [a-z0-9_]{1,64}`,
  );
}

export function versionError(file: string, version: number): WeirError {
  return new WeirError(
    'WEIR_SPOOL_VERSION',
    `spool file ${file} has format version ${version}, this program reads ${FORMAT_VERSION}; nothing was changed`,
    { file, version },
  );
}

/** Identity of a sequence of numbers. */
export interface StreamEpoch {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
}
export const streamKey = (id: StreamEpoch): string =>
  `${id.epoch}/${id.tenant.length}/${id.tenant}/${id.stream}`;

/**
 * Short name of the node that a store's uuid stands for; its streams begin with it. A digest,
 * because CRCs of frames start with the uuid and the name is public.
 */
export const nodeIdOf = (storeUuid: Uint8Array): string =>
  createHash('sha256').update(storeUuid).digest('hex').slice(0, 12);

const nodePattern = /^[0-9a-f]{12}(?=\/)/;

/** The node that numbered a stream, by its name; null for a name that does not say so. */
export const nodeOfStream = (stream: string): string | null =>
  nodePattern.exec(stream)?.[0] ?? null;
