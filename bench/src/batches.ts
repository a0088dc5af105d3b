// Batches of generated events, made before anything is measured.
import { createHash } from 'node:crypto';
import { createGenerator, type ProfileName } from '@weir/collector';
import { LIMITS, type RawBatch } from '@weir/pipeline';

export interface GeneratedBatches {
  readonly batches: readonly RawBatch[];
  readonly eventCount: number;
  readonly byteCount: number;
  /** SHA-256 of all event bytes, so that two runs can be seen to have had the same input. */
  readonly hash: string;
}

const START_MS = 1_767_225_600_000;

/** `streamCount` streams in turn, as from so many shards; the same seed gives the same batches.
 * `context` is what framing found before them, such as the header lines of a log. Events were sent
 * and received evenly over `spanMs`; 0: received at once, and sent 1 us apart. */
export function generateBatches(
  eventCount: number,
  seed: number,
  streamCount: number,
  profile: ProfileName = 'mixed',
  rfc: '3164' | '5424' = '5424',
  context = '',
  spanMs = 0,
): GeneratedBatches {
  const generator = createGenerator({
    profile,
    seed,
    rfc,
    // The time of receipt below: an event must not seem to come from another year.
    startMs: START_MS,
    runId: 'bench',
    ...(spanMs === 0 ? {} : { eventRate: (eventCount / spanMs) * 1000 }),
  });
  const room = generator.eventBytesMax * LIMITS.batchEventCountMax;
  const scratch = new Uint8Array(room);
  const ends = new Uint32Array(LIMITS.batchEventCountMax);
  const hash = createHash('sha256');
  const batches: RawBatch[] = [];
  let byteCount = 0;
  for (let seq = 0; seq < eventCount; ) {
    const eventsMax = Math.min(LIMITS.batchEventCountMax, eventCount - seq);
    const filled = generator.fill(scratch, 0, seq, eventsMax, 'none', ends);
    const bytes = scratch.slice(0, filled.endOffset);
    hash.update(bytes);
    const lastSeq = seq + filled.eventCount - 1;
    const offsets = new Uint32Array(filled.eventCount + 1);
    offsets.set(ends.subarray(0, filled.eventCount), 1);
    batches.push({
      tenant: 'default',
      stream: `bench/syslog_tcp/${batches.length % streamCount}`,
      retentionClass: 'default',
      format: 'syslog',
      receivedAtNs: BigInt(START_MS + Math.floor((lastSeq / eventCount) * spanMs)) * 1_000_000n,
      eventCount: filled.eventCount,
      bytes,
      offsets,
      marks: new Uint32Array(0),
      runs: [{ eventCount: filled.eventCount, source: '192.0.2.1', sourceSeqFirst: 0, context }],
      requestParts: [],
      dispositions: [],
    });
    byteCount += bytes.length;
    seq += filled.eventCount;
  }
  return { batches, eventCount, byteCount, hash: hash.digest('hex') };
}
