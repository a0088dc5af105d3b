// Takes the frontier of a consumer back to the oldest frame that the spool still holds: what the
// consumer wrote elsewhere is gone, and is to be delivered again as far as it can be.
import type { Files } from '@weir/pipeline';
import { loadSlots, SLOT_KIND, SlotFile } from './checkpoint.js';
import { CHECKPOINT_NAME, consumerName, SEGMENT_HEADER_BYTES } from './layout.js';
import { decodeDeletedEnd } from './store.js';

/**
 * For a spool that nobody has open. Not to the very beginning: a frontier before what was deleted
 * would be that of a consumer that joined later, for which those events were not meant. False where
 * there is no spool. Durable when it resolves; rejects with the system's errors, and with
 * WEIR_SPOOL_VERSION.
 */
export async function rewindConsumer(
  files: Files,
  spoolDirectory: string,
  consumer: string,
): Promise<boolean> {
  const path = (name: string): string => `${spoolDirectory}/${name}`;
  const { slot } = await loadSlots(files, path(CHECKPOINT_NAME), SLOT_KIND.writer);
  if (slot === null) return false;
  const name = consumerName(consumer);
  const loaded = await loadSlots(files, path(name), SLOT_KIND.consumer);
  const end = slot.words[2] === 0n ? null : decodeDeletedEnd(slot.words[4] ?? 0n);
  const place = { directory: spoolDirectory, name, kind: SLOT_KIND.consumer };
  const file = new SlotFile(files, place, loaded);
  const { storeUuid } = slot;
  try {
    await file.store({
      storeUuid,
      words:
        end === null
          ? [0n, 0n, 0n, 0n]
          : [BigInt(end.segmentId), BigInt(end.frameCount - 1), BigInt(SEGMENT_HEADER_BYTES), 0n],
    });
  } finally {
    await file.close();
  }
  return true;
}
