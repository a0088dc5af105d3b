// Worker side: one Avro record an event, for consumers that know nothing of batches. Rows for
// quarantine stay on this node, as with every sink that has no table for them.
import { Buffer } from 'node:buffer';
import {
  collectionEventOf,
  type EncodedBatch,
  type EventBatch,
  type SequencedBatch,
} from '@weir/pipeline';
import { encodeEvent } from '../../avro/index.js';
import { encodeQuarantineLines } from '../../ndjson/index.js';
import { encodeRows } from '../../rows/index.js';
import { WIRE_HEAD_BYTES } from '../envelope/envelope.js';
import { blockOfMessages } from './message-block.js';

export function encodeEventMessages(
  events: EventBatch,
  batch: SequencedBatch,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  const { tenant, stream, epoch, seqFirst } = batch;
  const common = { tenant, stream, epoch: String(epoch), eventCount: 1 };
  return encodeRows(events, seqFirst, skipSeqs, {
    events: (rows) => ({
      rowCount: rows.length,
      bytes: blockOfMessages(
        [...rows].map((row) => {
          const seq = seqFirst + row;
          const record = encodeEvent(collectionEventOf(events, batch, row));
          return {
            head: { ...common, seqFirst: seq, seqLast: seq },
            value: Buffer.concat([Buffer.alloc(WIRE_HEAD_BYTES), record]),
          };
        }),
      ),
    }),
    quarantine: (rows) => encodeQuarantineLines(events, batch, rows),
  });
}
