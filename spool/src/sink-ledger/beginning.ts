// Where a sink begins. One that is added to an installation gets what the spool still holds; what
// was issued and deleted before was never meant for it. The same holds for a sink that was taken
// out of the configuration and comes back. The ledger says so, or these numbers would count as
// missing.
import type { Files } from '@weir/pipeline';
import type { Frontier } from '../catalog.js';
import { loadSlots, SLOT_KIND } from '../checkpoint.js';
import { inspectSpool } from '../inspect.js';
import { CHECKPOINT_NAME, consumerName } from '../layout.js';
import { RangeSet } from '../range-set.js';
import { frontierOf } from '../spool.js';
import { type DeletedEnd, decodeDeletedEnd } from '../store.js';
import type { StreamOutcome } from './record-codec.js';
import type { SinkLedger } from './sink-ledger.js';

/** Behind the id of a ClickHouse sink, whose ledger is in its store: folder for its beginning. */
export const BEFORE_SUFFIX = '.before';

export interface BeginningOptions {
  readonly files: Files;
  readonly spoolDirectory: string;
  /** Name of the sink's consumer. */
  readonly consumer: string;
  readonly ledger: SinkLedger;
  /** Of the running process: what it issues is meant for every sink. */
  readonly epoch: bigint;
  /**
   * True when another sink used this name until now and has its ledger elsewhere: what that one
   * settled was not meant for this one.
   */
  readonly isReplacing?: boolean;
}

/**
 * Called at each start, when the spool is open and before anything is read or admitted. Resolves
 * with the number of events that the sink was not there for. Segments are deleted only when every
 * configured sink has settled them; so one whose frontier stands before a deleted segment was away.
 */
export async function noteBeginning(options: BeginningOptions): Promise<number> {
  const { files, spoolDirectory, consumer, ledger, epoch } = options;
  if (options.isReplacing !== true && (await wasAlwaysThere(options))) return 0;
  const { streams, consumers } = await inspectSpool(files, spoolDirectory, [consumer]);
  const pending = consumers.find(({ name }) => name === consumer)?.pending ?? [];
  const outcomes: StreamOutcome[] = [];
  let eventCount = 0;
  for (const { tenant, stream, epoch: other, lastSeq, received } of streams) {
    if (other === epoch || lastSeq < 0) continue;
    const id = { tenant, stream, epoch: other };
    const left = new RangeSet();
    for (const [first, last] of received ?? [[0, lastSeq] as const]) left.add(first, last);
    const known = ledger.known(id, 0, lastSeq);
    for (let i = 0; i < known.length; i += 2)
      left.remove(known[i] as number, known[i + 1] as number);
    for (const range of pending)
      if (range.tenant === tenant && range.stream === stream && range.epoch === other)
        left.remove(range.seqFirst, range.seqLast);
    eventCount += left.size;
    if (!left.isEmpty) outcomes.push({ ...id, kind: 'before', cause: '', seqs: left.pairs });
  }
  if (outcomes.length > 0) await ledger.record({ outcomes });
  return eventCount;
}

/** True if the consumer has settled all that was ever deleted. */
export async function wasAlwaysThere(
  options: Pick<BeginningOptions, 'files' | 'spoolDirectory' | 'consumer'>,
): Promise<boolean> {
  const { files, spoolDirectory, consumer } = options;
  const writer = await loadSlots(files, `${spoolDirectory}/${CHECKPOINT_NAME}`, SLOT_KIND.writer);
  if ((writer.slot?.words[2] ?? 0n) === 0n) return true;
  const path = `${spoolDirectory}/${consumerName(consumer)}`;
  const frontier = frontierOf(await loadSlots(files, path, SLOT_KIND.consumer));
  return hasSettled(frontier, decodeDeletedEnd(writer.slot?.words[4] ?? 0n));
}

/**
 * Whether a consumer has settled all that was ever deleted. Segments without frames say nothing,
 * and the last one that was deleted may be the one that the frontier stands in the end of.
 */
function hasSettled(frontier: Frontier | null, deletedEnd: DeletedEnd | null): boolean {
  if (frontier === null) return false;
  if (deletedEnd === null || frontier.segmentId > deletedEnd.segmentId) return true;
  return (
    frontier.segmentId === deletedEnd.segmentId && frontier.frameNo + 1 >= deletedEnd.frameCount
  );
}
