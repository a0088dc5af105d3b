// A sink that joins an installation gets what the spool still holds; its ledger says that what was
// issued and deleted before was not meant for it.
import { join } from 'node:path';
import { noteBeginning, patientFiles, type SinkLedger } from '@weir/spool';
import { isClickhouse, recordedSinks } from '../../verify/sink-record.js';
import type { SinkDependencies } from './managed-sink.js';

/** Before anything is read or admitted. */
export async function noteBeginningOf(
  { id, type }: { readonly id: string; readonly type: string },
  ledger: SinkLedger,
  { config, files, timers, log, spool }: SinkDependencies,
): Promise<void> {
  // It was there, and begins anew with what the spool still holds.
  if (spool.report.damagedConsumers.includes(id)) return;
  const isReplacing = hasOtherLedger(recordedSinks(config.data_dir)?.[id]?.type, type);
  const eventCount = await noteBeginning({
    isReplacing,
    files: patientFiles(files, timers),
    spoolDirectory: join(config.data_dir, 'spool'),
    consumer: id,
    ledger,
    epoch: spool.epoch,
  });
  if (eventCount > 0) {
    const sentence =
      'events were issued and deleted before this sink was there; they are not for it';
    log.warn({ component: id, event_count: eventCount }, sentence);
  }
}

/**
 * The ledger of ClickHouse is in its tables, that of all others in DIR/ledger: where a sink of the
 * same id changes from one to the other, nothing there is known of what it was given before.
 */
function hasOtherLedger(before: unknown, type: string): boolean {
  if (typeof before !== 'string') return false;
  return isClickhouse({ type: before }) !== isClickhouse({ type });
}
