import type { BufferPool, Clock, Files, Random, Timers } from '@weir/pipeline';
import { assert, LIMITS } from '@weir/pipeline';
import type { EvidenceOptions } from './evidence/evidence-options.js';
import { assertConsumerName } from './layout.js';

/** Planted faults that a proof must find. */
export type Sabotage = 'ack_before_fdatasync' | 'drop_event';

export interface SpoolOptions {
  readonly directory: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /**
   * Names of all consumers, [a-z0-9_]{1,64}. A segment is kept until each of them has settled it.
   */
  readonly consumers: readonly string[];
  readonly segmentBytes?: number;
  readonly bytesMax?: number;
  /** Longest wait of an event for others to be written with; 0 commits at once. */
  readonly commitIntervalMs?: number;
  /** Queued bytes that are committed without waiting. */
  readonly commitBytes?: number;
  /** Default 1. */
  readonly zstdLevel?: number;
  readonly cacheBytesMax?: number;
  /** Rate at which ended segments are read again for damage; 0 for never. Default 2 MiB. */
  readonly scrubBytesPerSecond?: number;
  /** Where batches that are read take their memory from, and where those nobody took go. */
  readonly batchMemory?: BufferPool | null;
  readonly sabotage?: Sabotage | null;
  /** Signed checkpoints over the frames; null for none. EVIDENCE.md. */
  readonly evidence?: EvidenceOptions | null;
}

export type SpoolSettings = Required<SpoolOptions>;

export function settingsOf(options: SpoolOptions): SpoolSettings {
  assert(options.consumers.length <= LIMITS.spoolConsumersMax, 'consumers are within their limit');
  for (const name of options.consumers) assertConsumerName(name);
  const bytesMax = options.bytesMax ?? LIMITS.spoolBytesMax;
  const segmentBytes = options.segmentBytes ?? LIMITS.spoolSegmentBytes;
  return {
    ...options,
    bytesMax,
    // Space comes back by whole segments, so a small spool needs smaller ones.
    segmentBytes: Math.min(segmentBytes, Math.max(4096, Math.floor(bytesMax / 4))),
    commitIntervalMs: options.commitIntervalMs ?? LIMITS.spoolCommitIntervalMs,
    commitBytes: options.commitBytes ?? LIMITS.spoolCommitBytes,
    zstdLevel: options.zstdLevel ?? 1,
    cacheBytesMax: options.cacheBytesMax ?? LIMITS.spoolCacheBytesMax,
    scrubBytesPerSecond: options.scrubBytesPerSecond ?? LIMITS.spoolScrubBytesPerSecond,
    batchMemory: options.batchMemory ?? null,
    sabotage: options.sabotage ?? null,
    evidence: options.evidence ?? null,
  };
}
