// `weir top`: what flows through a running instance, and where it does not.
import { WeirError } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { Command } from 'commander';
import type { StatusReport } from '../run/control/index.js';
import { isColoured } from './colour.js';
import { addDataOption, type ControlClient, type DataFlag, findControl } from './control-client.js';
import { KafkaLag } from './top-kafka.js';
import { onQuit, Screen } from './top-screen.js';
import { textOfTop } from './top-text.js';
import { viewOfStatus } from './top-view.js';

const INTERVAL_SECONDS_MIN = 0.1;

interface TopFlags extends DataFlag {
  readonly once?: true;
  readonly json?: true;
  readonly interval: number;
  readonly config?: string;
}

export function topCommand(): Command {
  const command = new Command('top')
    .option('--once', 'print it once (the default when standard output is no terminal)')
    .option('--json', 'one JSON object a line instead of a screen; with --once a single one')
    .option('--interval <seconds>', 'between two looks', intervalOf, 1)
    .option('--config <file>', 'file with [kafka], for the lag of loaders; default as for weir run')
    .addHelpText(
      'after',
      '\nRates and latencies (P50, P99 of a batch in the component) are of the time between two looks,' +
        '\nall other figures since the start. Hours left: until the spool is full if no sink took' +
        '\nanything, at the rate at which it was written during the last day.' +
        '\nA source is silent when it was heard before and is quiet for a minute at least and three' +
        '\ntimes as long as it usually is.' +
        '\nWith a kafka sink also: messages in the topic that no loader has stored, by partition.',
    );
  return addDataOption(command).action(top);
}

function intervalOf(text: string): number {
  const seconds = Number(text);
  if (seconds >= INTERVAL_SECONDS_MIN && Number.isFinite(seconds)) return seconds;
  throw new WeirError('WEIR_USAGE', `--interval must be at least 0.1 seconds; got ${text}`);
}

async function top(flags: TopFlags): Promise<void> {
  const client = findControl(flags);
  const isTerminal = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  const { sinks } = await client.status();
  const lag = sinks.some(({ type }) => type === 'kafka') ? KafkaLag.open(flags.config) : null;
  try {
    if (flags.once || (!flags.json && !isTerminal)) return await once(client, flags, lag);
    if (flags.json) return await stream(client, flags, lag);
    await watch(client, flags, lag);
  } finally {
    await lag?.close();
  }
}

type Lag = KafkaLag | null;

async function once(client: ControlClient, { interval, json }: TopFlags, lag: Lag): Promise<void> {
  for await (const { before, now } of looks(client, interval, new AbortController().signal)) {
    await lag?.ready;
    const view = viewOfStatus(before, now, lag?.view);
    const lines = json
      ? [JSON.stringify(view)]
      : textOfTop(view, { isColoured: isColoured(process.stdout) });
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
}

async function stream(client: ControlClient, { interval }: TopFlags, lag: Lag): Promise<void> {
  for await (const { before, now } of looks(client, interval, new AbortController().signal)) {
    process.stdout.write(`${JSON.stringify(viewOfStatus(before, now, lag?.view))}\n`);
  }
}

async function watch(client: ControlClient, { interval }: TopFlags, lag: Lag): Promise<void> {
  const stop = new AbortController();
  const screen = new Screen(process.stdout);
  const stopQuit = onQuit(() => stop.abort());
  screen.open();
  try {
    for await (const { before, now } of looks(client, interval, stop.signal)) {
      const view = viewOfStatus(before, now, lag?.view);
      screen.show(textOfTop(view, { isColoured: isColoured(process.stdout) }));
    }
  } finally {
    screen.close();
    stopQuit();
  }
}

/** Two answers each, the later of which is the earlier of the next. */
async function* looks(
  client: ControlClient,
  intervalSeconds: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly before: StatusReport; readonly now: StatusReport }> {
  let before = await client.status();
  for (;;) {
    await nodeTimers.sleep(intervalSeconds * 1000, signal);
    if (signal.aborted) return;
    const now = await client.status();
    yield { before, now };
    before = now;
  }
}
