// What stands in a ledger record besides the outcome, so that a start can undo what was written and
// never recorded.
import type { FramePosition } from '@weir/pipeline';
import type { SinkLedger } from '@weir/spool';
import { comparePositions } from './batch-head.js';
import type { DeadLetterMark } from './dead-letter.js';
import { type DeliveryOptions, isStateful } from './options.js';

interface RecordedState {
  /** Newest frame of the group, null before the first. */
  readonly to: FramePosition | null;
  readonly deadLetter: DeadLetterMark | null;
  /** Of a stateful sink. */
  readonly sink: unknown;
}

export interface Restored {
  readonly mark: DeadLetterMark | null;
  readonly sinkState: unknown;
  /** False: where things stand has to be recorded before anything is written. */
  readonly isUsable: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeState = (state: RecordedState): Uint8Array =>
  encoder.encode(JSON.stringify(state));

function decodeState(ledger: SinkLedger): RecordedState | null {
  if (ledger.state === null) return null;
  try {
    return JSON.parse(decoder.decode(ledger.state)) as RecordedState;
  } catch {
    return null;
  }
}

/**
 * Takes dead letter and sink back to what the ledger knows. A ledger that stands behind the
 * frontier is not the newest there was: then everything stays as it is found.
 */
export function restore(options: DeliveryOptions): Restored {
  const { ledger, deadLetter, sink, consumer, log } = options;
  const state = decodeState(ledger);
  const { frontier } = consumer;
  const to = state?.to ?? null;
  const isBehind = frontier !== null && (to === null || comparePositions(to, frontier) < 0);
  const isStale = ledger.opening.damagedFileCount > 0 || isBehind;
  if (isStale && (state !== null || isStateful(sink)))
    log('warn', 'the ledger of this sink is older than its frontier: nothing is taken back', {});
  const usable = isStale ? null : state;
  deadLetter.restore(usable?.deadLetter ?? null);
  const isTaken = !isStateful(sink) || sink.restore(usable?.sink ?? null);
  const { deadLetter: mark = null, sink: sinkState = null } = usable ?? {};
  return { mark, sinkState, isUsable: usable !== null && isTaken };
}
