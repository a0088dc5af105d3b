// The ledger of a sink that signs nothing by itself, as one receipt that is signed now.
import { join } from 'node:path';
import { type Files, WeirError } from '@weir/pipeline';
import {
  NO_PREVIOUS,
  RangeSet,
  type ReceiptDocument,
  ReceiptOutcomes,
  readSinkLedger,
  receiptText,
  type Signer,
  type SinkLedgerStream,
  type StoredReceipt,
  signNote,
} from '@weir/spool';
import { type KnownSink, LEDGER_FOLDER } from './sink-record.js';

/** No receipt if the sink has no ledger yet. */
export async function foldOfLedger(
  files: Files,
  directory: string,
  { id }: KnownSink,
  signer: Signer,
  nodeId: string,
): Promise<{ readonly receipts: readonly StoredReceipt[]; readonly problem: string | null }> {
  const reading = await readSinkLedger(files, join(directory, LEDGER_FOLDER, id));
  if (reading === null) return { receipts: [], problem: null };
  const outcomes = new ReceiptOutcomes();
  for (const stream of reading.streams) addStream(outcomes, id, stream);
  const streams = outcomes.streams();
  const document: ReceiptDocument = { sink: id, intent: 0, fold: true, fresh: true, streams };
  const text = JSON.stringify(document);
  const head = { number: 1, previous: NO_PREVIOUS };
  const note = signNote(receiptText(`weir/loader/${nodeId}`, id, head, text), signer);
  const { damagedFileCount } = reading;
  const problem =
    damagedFileCount === 0
      ? null
      : `${damagedFileCount} files of its ledger cannot be read; the bundle says what an older one knew`;
  return { receipts: [{ note, document: text }], problem };
}

function addStream(outcomes: ReceiptOutcomes, sink: string, stream: SinkLedgerStream): void {
  const { stored, quarantined, filtered, beforeRanges, lostRanges, seqMax, missing } = stream;
  const settled = new RangeSet(seqMax < 0 ? [] : [[0, seqMax]]);
  const lost = lostRanges.flatMap(({ ranges }) => ranges);
  for (const [first, last] of [...missing, ...beforeRanges, ...lost]) settled.remove(first, last);
  if (settled.size !== stored + quarantined + filtered)
    throw new WeirError(
      'WEIR_SINK_IO',
      `the ledger of ${sink} does not add up: ${settled.size} numbers, ` +
        `${stored + quarantined + filtered} outcomes; weir verify says more`,
    );
  if (!settled.isEmpty)
    outcomes.addSettled(stream, settled.ranges, [stored, quarantined, filtered]);
  if (lost.length > 0) outcomes.add({ ...stream, kind: 'lost', seqs: lost.flat() });
  if (beforeRanges.length > 0)
    outcomes.add({ ...stream, kind: 'before', seqs: beforeRanges.flat() });
}
