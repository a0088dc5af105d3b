// What a loader keeps with the committed offset of its partition: its token and its newest intent.
// The group coordinator takes it only from the member that owns the partition, so it is a fence as
// well. Kafka takes 4,096 bytes (offset.metadata.max.bytes): the text is deflated.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Intent } from '../../clickhouse/index.js';

export interface PositionMetadata {
  /** Grows with each loader that takes the partition over. */
  readonly token: bigint;
  readonly intent: Intent | null;
}

/** Of Kafka; a little less, so that no broker's own way to count matters. */
export const METADATA_BYTES_MAX = 4_000;
const INFLATED_BYTES_MAX = 1 << 20;
/** In front, so that what other tools write is not taken for ours. */
const MARK = 'weir1.';

export function encodeMetadata({ token, intent }: PositionMetadata): string {
  const text = JSON.stringify([String(token), intent]);
  return `${MARK}${deflateRawSync(text, { level: 9 }).toString('base64url')}`;
}

/** Null for what is no metadata of ours: none, another tool's, or damaged. */
export function decodeMetadata(text: string | undefined): PositionMetadata | null {
  if (text === undefined || !text.startsWith(MARK)) return null;
  try {
    const packed = Buffer.from(text.slice(MARK.length), 'base64url');
    const json = inflateRawSync(packed, { maxOutputLength: INFLATED_BYTES_MAX }).toString();
    const [token, intent] = JSON.parse(json) as [string, Intent | null];
    if (!/^\d{1,20}$/.test(token)) return null;
    return { token: BigInt(token), intent };
  } catch {
    return null;
  }
}

export const fitsMetadata = (metadata: PositionMetadata): boolean =>
  encodeMetadata(metadata).length <= METADATA_BYTES_MAX;
