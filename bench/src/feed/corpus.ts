// Lines made before anything is measured, in a file that senders read.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createGenerator, type ProfileName } from '@weir/collector';

export interface Corpus {
  readonly path: string;
  readonly eventCount: number;
  readonly byteCount: number;
  /** SHA-256 of the bytes. */
  readonly hash: string;
}

const LF = 10;
const CHUNK_EVENTS = 20_000;
/** Fixed, so that a seed gives the same bytes on every day. */
const START_MS = Date.UTC(2026, 0, 1);

export function writeCorpus(
  path: string,
  profile: ProfileName,
  eventCount: number,
  seed: number,
): Corpus {
  const generator = createGenerator({
    ...{ profile, seed, rfc: '3164', startMs: START_MS, runId: 'bench' },
  });
  const buffer = Buffer.allocUnsafeSlow(generator.eventBytesMax * CHUNK_EVENTS);
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  let byteCount = 0;
  for (let seq = 0; seq < eventCount; ) {
    const wanted = Math.min(CHUNK_EVENTS, eventCount - seq);
    const filled = generator.fill(buffer, 0, seq, wanted, 'newline');
    const bytes = buffer.subarray(0, filled.endOffset);
    writeSync(file, bytes);
    hash.update(bytes);
    byteCount += bytes.length;
    seq += filled.eventCount;
  }
  closeSync(file);
  return { path, eventCount, byteCount, hash: hash.digest('hex') };
}

/** Bytes of so many events, newlines included, when the corpus is sent again and again. */
export function bytesOfEvents(corpus: Corpus, eventCount: number): number {
  const rest = eventCount % corpus.eventCount;
  const bytes = rest === 0 ? null : readFileSync(corpus.path);
  let end = 0;
  for (let i = 0; i < rest; i++) end = (bytes as Buffer).indexOf(LF, end) + 1;
  return Math.floor(eventCount / corpus.eventCount) * corpus.byteCount + end;
}
