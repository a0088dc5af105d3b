// A sink that joins an installation gets what the spool still holds; its ledger says that what was
// issued and deleted before was not meant for it.
import { join } from 'node:path';
import { noteBeginning, type SinkLedger } from '@weir/spool';
import type { SinkDependencies } from './managed-sink.js';

/** Before anything is read or admitted. */
export async function noteBeginningOf(
  id: string,
  ledger: SinkLedger,
  { config, files, log, spool }: SinkDependencies,
): Promise<void> {
  const eventCount = await noteBeginning({
    files,
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
