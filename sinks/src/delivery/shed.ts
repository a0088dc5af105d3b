// An optional sink that lags too far behind lets its oldest events go: they are declared lost for
// this sink, with their exact numbers, and never fill the spool.

import type { SpooledBatch } from '@weir/pipeline';
import { type BatchHead, headOf } from './batch-head.js';
import { GroupOutcome } from './delivered.js';
import type { DeliveryOptions } from './options.js';
import type { Overrun } from './overrun.js';
import type { Recorder } from './recorder.js';

/** Batches in one ledger record. */
const BATCHES_PER_RECORD = 64;
/** Of what is pending, so that little more goes than has to. */
const PART_PER_RECORD = 1 / 16;
/** A frame that does not come within this time is unreadable. */
const READ_WAIT_MS = 2_000;
/** Ranges named in one log line. */
const RANGES_LOGGED_MAX = 8;

/** Reads and settles until the overrun is over, nothing is left, or the signal aborts. */
export async function shed(
  options: DeliveryOptions,
  overrun: Overrun,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const { consumer } = options;
  consumer.rewind();
  const total = new GroupOutcome();
  try {
    while (!signal.aborted && overrun.isStillOver()) {
      const outcome = new GroupOutcome();
      let newest: BatchHead | null = null;
      const pendingCount = consumer.pendingFrameCount;
      const count = Math.min(BATCHES_PER_RECORD, Math.ceil(pendingCount * PART_PER_RECORD));
      for (let i = 0; i < count; i++) {
        const spooled = await readPending(options, signal);
        if (spooled === null) break;
        newest = headOf(spooled);
        const unknown = unrecorded(options, newest);
        outcome.addLost(newest, 'sink_overrun', unknown);
        total.addLost({ ...newest, dispositions: [] }, 'sink_overrun', unknown);
      }
      if (newest === null) return;
      await recorder.settle(newest.position, outcome, signal);
    }
  } finally {
    logLosses(options, total);
  }
}

/** Null when no frame comes: the last ones that are pending may be unreadable. */
async function readPending(
  { consumer, timers }: DeliveryOptions,
  signal: AbortSignal,
): Promise<SpooledBatch | null> {
  const look = new AbortController();
  const stop = (): void => look.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const timer = timers.after(READ_WAIT_MS, stop);
  try {
    return await consumer.read(look.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** Numbers of the batch that are not in the ledger, as first, last pairs. */
function unrecorded({ ledger }: DeliveryOptions, head: BatchHead): number[] {
  const last = head.seqFirst + head.eventCount - 1;
  const known = ledger.known(head, head.seqFirst, last);
  const pairs: number[] = [];
  let next = head.seqFirst;
  for (let i = 0; i < known.length; i += 2) {
    if ((known[i] as number) > next) pairs.push(next, (known[i] as number) - 1);
    next = (known[i + 1] as number) + 1;
  }
  if (next <= last) pairs.push(next, last);
  return pairs;
}

function logLosses({ log }: DeliveryOptions, lost: GroupOutcome): void {
  for (const { tenant, stream, epoch, cause, seqs } of lost.outcomes) {
    let count = 0;
    const shown: string[] = [];
    for (let i = 0; i < seqs.length; i += 2) {
      const [first, last] = [seqs[i] as number, seqs[i + 1] as number];
      count += last - first + 1;
      if (shown.length < RANGES_LOGGED_MAX) shown.push(`${first}-${last}`);
    }
    const more = seqs.length / 2 - shown.length;
    log('warn', `${count} events were skipped: this optional sink lags too far behind`, {
      tenant,
      stream,
      epoch: String(epoch),
      cause,
      ranges: shown.join(', ') + (more > 0 ? ` and ${more} more, all in the ledger` : ''),
      count,
    });
  }
}
