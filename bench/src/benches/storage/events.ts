// A day of events of every vendor that the generator knows, parsed and encoded as the collector
// does it, in files that hold one INSERT each: all variants get the same bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProfileName, ZEEK_CONN_HEADER } from '@weir/collector';
import { parseBatch } from '@weir/parsers';
import { ColumnWriter, type EventBatch, FIELD, type SequencedBatch } from '@weir/pipeline';
import { encodeBatch } from '@weir/sinks/clickhouse';
import { generateBatches } from '../../batches.js';

const DAY_MS = 86_400_000;
/** As many as the loader sends at 60,000 events/s. */
const INSERT_ROWS = 30_000;

const ZEEK_STEP_US = 250_113;

/** Of a hundred events. */
const VENDORS: readonly { profile: ProfileName; share: number; context?: string }[] = [
  // FortiGate, Cisco ASA, PAN-OS, sshd, sudo, cron, JSON of an application.
  { profile: 'mixed', share: 55 },
  { profile: 'zeek_json', share: 15 },
  { profile: 'zeek_tsv', share: 10, context: ZEEK_CONN_HEADER },
  { profile: 'sysmon', share: 20 },
];

export interface DayOfEvents {
  readonly eventCount: number;
  /** Of the events as they came. */
  readonly rawByteCount: number;
  readonly insertCount: number;
  /** The Native blocks of an INSERT. */
  readonly blocksOf: (insert: number) => Uint8Array;
}

/** Throws when an event was not accepted: nothing would be known of it in the events table. */
export function writeDayOfEvents(directory: string, count: number, seed: number): DayOfEvents {
  const writer = new ColumnWriter();
  let [eventCount, rawByteCount, insertCount, waitingRows] = [0, 0, 0, 0];
  let waiting: Uint8Array[] = [];
  const pathOf = (insert: number): string => join(directory, `${insert}.native`);
  const flush = (): void => {
    if (waitingRows > 0) writeFileSync(pathOf(insertCount++), Buffer.concat(waiting));
    waiting = [];
    waitingRows = 0;
  };
  for (const batch of batchesInTurn(count, seed)) {
    const parsed = parseBatch(batch, writer, {});
    if (batch.stream.startsWith('bench/zeek')) sendWhenReceived(parsed);
    const { events } = encodeBatch(parsed, batch, null, 'full');
    if (events?.rowCount !== batch.eventCount)
      throw new Error(`${batch.stream}: ${events?.rowCount} of ${batch.eventCount} were accepted`);
    if (waitingRows + events.rowCount > INSERT_ROWS) flush();
    waiting.push(events.bytes);
    waitingRows += events.rowCount;
    eventCount += events.rowCount;
    rawByteCount += batch.bytes.length;
  }
  flush();
  return { eventCount, rawByteCount, insertCount, blocksOf: (at) => readFileSync(pathOf(at)) };
}

/**
 * The generator's Zeek logs have random times within eleven days. Times that are in no order would
 * make the minmax index and keys by time look useless.
 */
function sendWhenReceived({ columns, raw }: EventBatch): void {
  const timeUs = Number(raw.receivedAtNs / 1000n);
  for (const column of columns)
    if (column.kind === 'number' && column.field === FIELD.time)
      for (let row = 0; row < raw.eventCount; row++)
        column.values[row] = timeUs - (raw.eventCount - row) * ZEEK_STEP_US;
}

/** A stream and a source a vendor, in the order of receipt. */
function batchesInTurn(count: number, seed: number): SequencedBatch[] {
  const batches = VENDORS.flatMap(({ profile, share, context = '' }, vendor) => {
    const events = Math.floor((count * share) / 100);
    const made = generateBatches(events, seed, 1, profile, '3164', context, DAY_MS).batches;
    let seqFirst = 0;
    return made.map((batch): SequencedBatch => {
      const { eventCount } = batch;
      const source = `192.0.2.${vendor + 1}`;
      const sequenced = {
        ...batch,
        ...{ stream: `bench/${profile}/0`, epoch: 1n, seqFirst },
        runs: [{ eventCount, source, sourceSeqFirst: seqFirst, context }],
      };
      seqFirst += eventCount;
      return sequenced;
    });
  });
  return batches.sort((a, b) => Number(a.receivedAtNs - b.receivedAtNs));
}
