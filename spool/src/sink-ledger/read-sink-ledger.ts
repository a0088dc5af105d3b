// Looking at a ledger without touching it, also while its sink is at work.
import type { Files } from '@weir/pipeline';
import type { StreamEpoch } from '../layout.js';
import { type NumberRange, rangesOf } from '../range-set.js';
import { ledgerNumbers, readLedgerFile } from './ledger-file.js';
import { CHUNK_COUNT_MAX } from './sink-ledger.js';
import type { LedgerKind, StreamTally } from './tally.js';

export interface SinkLedgerStream extends StreamEpoch {
  readonly stored: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly lost: number;
  /** Issued when the sink was not configured: never meant for it. */
  readonly before: number;
  /** Numbers by kind and cause; causes of stored, quarantined and before are empty. */
  readonly causes: readonly {
    readonly kind: LedgerKind;
    readonly cause: string;
    readonly count: number;
  }[];
  /** Exactly which numbers those are. */
  readonly beforeRanges: readonly NumberRange[];
  /** Exactly which numbers were lost for this sink. */
  readonly lostRanges: readonly { readonly cause: string; readonly ranges: NumberRange[] }[];
  /** Running totals of refusals by cause. */
  readonly refused: Readonly<Record<string, number>>;
  /** Highest number that is in any kind; -1 for none. */
  readonly seqMax: number;
  /** Numbers below seqMax that are in no kind. */
  readonly missing: readonly NumberRange[];
}

export interface SinkLedgerReading {
  readonly streams: readonly SinkLedgerStream[];
  readonly state: Uint8Array | null;
  /** Newer files that cannot be read; an older one was taken. */
  readonly damagedFileCount: number;
  /** Bytes at the end that are no whole record: one is being written, or was cut short. */
  readonly tornBytes: number;
}

const ATTEMPTS_MAX = 4;

/**
 * Null if there is no ledger, or none that can be read. Rejects with WEIR_SPOOL_VERSION, or the
 * system's error.
 */
export async function readSinkLedger(
  files: Files,
  directory: string,
): Promise<SinkLedgerReading | null> {
  // The newest file may be replaced and removed between the look at the directory and the reading.
  for (let attempt = 1; ; attempt++) {
    const numbers = await ledgerNumbers(files, directory);
    let damagedFileCount = 0;
    for (const fileNo of numbers.reverse()) {
      const found = await readLedgerFile(files, directory, fileNo, CHUNK_COUNT_MAX);
      if (found === null) {
        damagedFileCount++;
        continue;
      }
      const { tally, decoder, tornBytes } = found;
      const streams = [...tally.streams].map(streamOf);
      return { streams, state: decoder.state, damagedFileCount, tornBytes };
    }
    if (numbers.length === 0 || attempt >= ATTEMPTS_MAX) return null;
  }
}

function streamOf(stream: StreamTally): SinkLedgerStream {
  const totals = { stored: 0, quarantined: 0, filtered: 0, lost: 0, before: 0 };
  const causes: { kind: LedgerKind; cause: string; count: number }[] = [];
  stream.counts.forEach((count, code) => {
    const { kind, cause } = stream.codes.at(code);
    totals[kind] += count;
    if (count > 0) causes.push({ kind, cause, count });
  });
  const ranged = [...stream.rangedNumbers()].map(([code, { pairs }]) => {
    return { ...stream.codes.at(code), ranges: rangesOf(pairs) };
  });
  const lostRanges = ranged
    .filter(({ kind }) => kind === 'lost')
    .map(({ cause, ranges }) => ({ cause, ranges }));
  return {
    ...stream.id,
    ...totals,
    causes,
    beforeRanges: ranged.find(({ kind }) => kind === 'before')?.ranges ?? [],
    lostRanges,
    refused: Object.fromEntries(stream.refused),
    seqMax: stream.known.last,
    missing: stream.known.gaps(),
  };
}
