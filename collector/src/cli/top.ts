// `weir top`: what flows through a running instance, and where it does not.
import { WeirError } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { Command } from 'commander';
import type { StatusReport } from '../run/control/index.js';
import { isColoured } from './colour.js';
import { addDataOption, type ControlClient, type DataFlag, findControl } from './control-client.js';
import { onQuit, Screen } from './top-screen.js';
import { textOfTop } from './top-text.js';
import { viewOfStatus } from './top-view.js';

const INTERVAL_SECONDS_MIN = 0.1;

interface TopFlags extends DataFlag {
  readonly once?: true;
  readonly json?: true;
  readonly interval: number;
}

export function topCommand(): Command {
  const command = new Command('top')
    .option('--once', 'print it once (the default when standard output is no terminal)')
    .option('--json', 'one JSON object a line instead of a screen; with --once a single one')
    .option('--interval <seconds>', 'between two looks', intervalOf, 1)
    .addHelpText(
      'after',
      '\nRates and latencies (P50, P99 of a batch in the component) are of the time between two looks,' +
        '\nall other figures since the start. Hours left: until the spool is full if no sink took' +
        '\nanything, at the rate at which it was written during the last day.' +
        '\nA source is silent when it was heard before and is quiet for a minute at least and three' +
        '\ntimes as long as it usually is.',
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
  if (flags.once || (!flags.json && !isTerminal)) return await once(client, flags);
  if (flags.json) return await stream(client, flags);
  await watch(client, flags);
}

async function once(client: ControlClient, { interval, json }: TopFlags): Promise<void> {
  for await (const { before, now } of looks(client, interval, new AbortController().signal)) {
    const view = viewOfStatus(before, now);
    const lines = json
      ? [JSON.stringify(view)]
      : textOfTop(view, { isColoured: isColoured(process.stdout) });
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
}

async function stream(client: ControlClient, { interval }: TopFlags): Promise<void> {
  for await (const { before, now } of looks(client, interval, new AbortController().signal)) {
    process.stdout.write(`${JSON.stringify(viewOfStatus(before, now))}\n`);
  }
}

async function watch(client: ControlClient, { interval }: TopFlags): Promise<void> {
  const stop = new AbortController();
  const screen = new Screen(process.stdout);
  const stopQuit = onQuit(() => stop.abort());
  screen.open();
  try {
    for await (const { before, now } of looks(client, interval, stop.signal)) {
      screen.show(textOfTop(viewOfStatus(before, now), { isColoured: isColoured(process.stdout) }));
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
