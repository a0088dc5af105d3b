// The streams of a listener. A peer always goes to the same one, so its events keep their order.
import type { RefusalCause } from '../taxonomy.js';
import { Admission, type AdmissionOptions } from './admission.js';

export interface StreamSetOptions extends Omit<AdmissionOptions, 'stream'> {
  /** Random and kept in the data directory. */
  readonly node: string;
  readonly listener: string;
  /** Fixed within an epoch. */
  readonly shardCount?: number;
}

const SHARD_COUNT_DEFAULT = 4;

export class StreamSet {
  readonly listener: string;
  /** `<node>/<listener>/`: what the streams of this listener begin with. */
  readonly prefix: string;
  readonly streams: readonly Admission[];

  constructor(options: StreamSetOptions) {
    const shardCount = options.shardCount ?? SHARD_COUNT_DEFAULT;
    this.listener = options.listener;
    this.prefix = `${options.node}/${options.listener}/`;
    this.streams = Array.from(
      { length: shardCount },
      (_, shard) => new Admission({ ...options, stream: `${this.prefix}${shard}` }),
    );
  }

  /** The stream of a peer address or of a producer. */
  streamOf(peer: string): Admission {
    return this.streams[hashOf(peer) % this.streams.length] as Admission;
  }

  /** The stream that carries what cannot be ascribed to a peer, for instance kernel drops. */
  get first(): Admission {
    return this.streams[0] as Admission;
  }

  get pendingBytes(): number {
    return this.streams.reduce((sum, stream) => sum + stream.pendingBytes, 0);
  }

  refusedTotal(cause: RefusalCause): number {
    return this.streams.reduce((sum, stream) => sum + stream.refusedTotal(cause), 0);
  }

  /** Flushes all streams; rejects with the first failure after all have ended. */
  async close(): Promise<void> {
    const results = await Promise.allSettled(this.streams.map((stream) => stream.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/**
 * FNV-1a over UTF-16 units, then mixed (MurmurHash3's finaliser), since only its low bits are used.
 */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
