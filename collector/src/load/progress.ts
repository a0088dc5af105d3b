// Shows how a run goes, on stderr: a bar on a terminal, else a line every few seconds.
import cliProgress from 'cli-progress';
import { every, monotonicMs } from './clock.js';
import type { Counters } from './counters.js';

const BAR_INTERVAL_MS = 200;
const LINE_INTERVAL_MS = 5_000;

export interface Progress {
  notice(text: string): void;
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
    format: `${options.isPlain ? '{bar}' : '\u001b[36m{bar}\u001b[0m'} {value}/{total} {rate}`,
    stream,
    hideCursor: true,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    fps: 10,
  });
  const rate = rateMeter(counters);
  bar.start(eventCount, 0, { rate: '' });
  const cancel = every(BAR_INTERVAL_MS, () => bar.update(counters.events, { rate: rate() }));
  return {
    notice: (text) => stream.write(`\r\u001b[K${text}\n`),
    stop() {
      cancel();
      bar.update(counters.events, { rate: rate() });
      bar.stop();
    },
  };
}

function startLines(options: ProgressOptions): Progress {
  const { counters, stream, eventCount } = options;
  const goal = eventCount === null ? '' : ` of ${eventCount}`;
  const rate = rateMeter(counters);
  const cancel = every(LINE_INTERVAL_MS, () =>
    stream.write(`sent ${counters.events}${goal}, ${rate()}\n`),
  );
  return { notice: (text) => stream.write(`${text}\n`), stop: cancel };
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
