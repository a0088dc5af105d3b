// What receipts must name and do not. A receipt is durable before the frontier of its sink moves,
// so each number that does not wait for the sink has one, unless files of receipts were cut, or the
// loader key could not be used for a while. No store is asked, and no clock.
import type { Files } from '@weir/pipeline';
import { inspectSpool } from '../inspect.js';
import type { StreamEpoch } from '../layout.js';
import { type NumberRange, RangeSet } from '../range-set.js';
import { wasAlwaysThere } from '../sink-ledger/beginning.js';
import type { SinkLedgerStream } from '../sink-ledger/read-sink-ledger.js';
import { ReceiptOutcomes } from './outcomes.js';
import { parseDocument, type StoredReceipt } from './receipt-note.js';

/** Numbers that were issued, do not wait for a sink, and are not declared lost in the spool. */
export interface SettledStream extends StreamEpoch {
  readonly ranges: readonly NumberRange[];
}

export interface ReceiptGap extends StreamEpoch {
  readonly ranges: readonly NumberRange[];
  readonly eventCount: number;
}

/**
 * By sink; of one that was away for a while nobody can tell, and it is not in the result. On a live
 * spool, receipts have to be read after this.
 */
export async function settledNumbers(
  files: Files,
  spoolDirectory: string,
  sinks: readonly string[],
): Promise<ReadonlyMap<string, readonly SettledStream[]>> {
  const known: string[] = [];
  for (const consumer of sinks)
    if (await wasAlwaysThere({ files, spoolDirectory, consumer })) known.push(consumer);
  const { streams, consumers } = await inspectSpool(files, spoolDirectory, known);
  const found = new Map<string, SettledStream[]>();
  for (const sink of known) {
    const pending = consumers.find(({ name }) => name === sink)?.pending ?? [];
    const settled = streams.map(({ tenant, stream, epoch, lastSeq, received, lost }) => {
      const left = new RangeSet(received ?? (lastSeq < 0 ? [] : [[0, lastSeq]]));
      for (const range of pending)
        if (range.tenant === tenant && range.stream === stream && range.epoch === epoch)
          left.remove(range.seqFirst, range.seqLast);
      for (const { ranges } of lost) for (const [first, last] of ranges) left.remove(first, last);
      return { tenant, stream, epoch, ranges: left.ranges };
    });
    found.set(sink, settled);
  }
  return found;
}

export function outcomesOf(receipts: readonly StoredReceipt[]): ReceiptOutcomes {
  const outcomes = new ReceiptOutcomes();
  for (const { document } of receipts) outcomes.addDocument(parseDocument(document));
  return outcomes;
}

/** `before`: what a ledger says was issued while the sink was not configured. */
export function receiptGaps(
  settled: readonly SettledStream[],
  outcomes: Pick<ReceiptOutcomes, 'unknown'>,
  before: readonly SinkLedgerStream[],
): ReceiptGap[] {
  const gaps: ReceiptGap[] = [];
  for (const { tenant, stream, epoch, ranges } of settled) {
    const id = { tenant, stream, epoch };
    const left = new RangeSet();
    const pairs = outcomes.unknown(id, ranges.flat());
    for (let i = 0; i < pairs.length; i += 2) left.add(pairs[i] as number, pairs[i + 1] as number);
    for (const entry of before)
      if (entry.tenant === tenant && entry.stream === stream && entry.epoch === epoch)
        for (const [first, last] of entry.beforeRanges) left.remove(first, last);
    if (!left.isEmpty) gaps.push({ ...id, ranges: left.ranges, eventCount: left.size });
  }
  return gaps;
}
