// Shows how a run goes, on stderr: a bar on a terminal, else a line every few seconds.
import cliProgress from 'cli-progress';
import { every, monotonicMs } from './clock.js';
import type { Counters } from './counters.js';

const BAR_INTERVAL_MS = 200;
const LINE_INTERVAL_MS = 5_000;

export interface Progress {
  notice(text: string): void;
  /** Stands in every line until it is null again. */
  trouble(reason: string | null): void;
  stop(): void;
}

export interface ProgressOptions {
  /** Null when time ends the run. */
  readonly eventCount: number | null;
  readonly counters: Counters;
  readonly stream: NodeJS.WriteStream;
  /** NO_COLOR in the environment. */
  readonly isPlain: boolean;
}

export function startProgress(options: ProgressOptions): Progress {
  const { stream, eventCount } = options;
  return stream.isTTY && eventCount !== null ? startBar(options, eventCount) : startLines(options);
}

function startBar(options: ProgressOptions, eventCount: number): Progress {
  const { counters, stream } = options;
  const bar = new cliProgress.SingleBar({
    format: `${options.isPlain ? '{bar}' : '\u001b[36m{bar}\u001b[0m'} {value}/{total} {rate}{trouble}`,
    stream,
    hideCursor: true,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    fps: 10,
  });
  const rate = rateMeter(counters);
  let trouble = '';
  bar.start(eventCount, 0, { rate: '', trouble });
  const cancel = every(BAR_INTERVAL_MS, () =>
    bar.update(counters.events, { rate: rate(), trouble }),
  );
  return {
    notice: (text) => stream.write(`\r\u001b[K${text}\n`),
    trouble(reason) {
      trouble = reason === null ? '' : ` ${reason}`;
    },
    stop() {
      cancel();
      bar.update(counters.events, { rate: rate(), trouble });
      bar.stop();
    },
  };
}

function startLines(options: ProgressOptions): Progress {
  const { counters, stream, eventCount } = options;
  const goal = eventCount === null ? '' : ` of ${eventCount}`;
  const rate = rateMeter(counters);
  let trouble = '';
  const cancel = every(LINE_INTERVAL_MS, () =>
    stream.write(`sent ${counters.events}${goal}, ${rate()}${trouble}\n`),
  );
  return {
    notice: (text) => stream.write(`${text}\n`),
    trouble(reason) {
      trouble = reason === null ? '' : `; ${reason}`;
    },
    stop: cancel,
  };
}

/** Events per second since the last call. */
function rateMeter(counters: Counters): () => string {
  let atMs = monotonicMs();
  let events = 0;
  return () => {
    const nowMs = monotonicMs();
    const perSecond = ((counters.events - events) * 1000) / Math.max(1, nowMs - atMs);
    atMs = nowMs;
    events = counters.events;
    return `${Math.round(perSecond)} events/s`;
  };
}
