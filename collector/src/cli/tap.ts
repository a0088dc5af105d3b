// `weir tap`: events of a running instance, live, as they leave a component.
import { WeirError } from '@weir/pipeline';
import { Command } from 'commander';
import type { TapCounts } from '../run/tap-hub.js';
import { isColoured } from './colour.js';
import { addDataOption, type ControlClient, type DataFlag, findControl } from './control-client.js';
import { count } from './numbers.js';
import { prettyEvent } from './tap-pretty.js';

/** After Ctrl-C the instance gets this long to say the last counts. */
const END_MS = 1_000;

interface TapFlags extends DataFlag {
  readonly filter?: string;
  readonly rate?: number;
  readonly count?: number;
  readonly json?: true;
  readonly pretty?: true;
}

/** A line of the tap's stream; one of these. */
interface TapLine {
  readonly tap?: {
    readonly id: number;
    readonly component: string;
    readonly sink: string;
    readonly components: readonly string[];
  };
  readonly event?: Readonly<Record<string, unknown>>;
  readonly counts?: TapCounts;
  readonly end?: TapCounts;
  /** Why it ended, when nobody asked for that. */
  readonly reason?: string;
}

export function tapCommand(): Command {
  const command = new Command('tap')
    .argument('[component]', 'source, transform, ROUTE.OUTPUT or sink (default: the first sink)')
    .option('--filter <cel>', 'show only events for which the condition holds')
    .option('--rate <events/s>', 'show at most so many a second (default 100)', positive('--rate'))
    .option('--count <events>', 'end after so many', positiveWhole('--count'))
    .option('--json', 'one JSON object a line (the default when standard output is no terminal)')
    .option('--pretty', 'one line for people (the default on a terminal)')
    .addHelpText(
      'after',
      '\nConditions are CEL over the fields of the event, such as' +
        '\n  weir tap --filter \'severity_id >= 4 && src_endpoint.ip.startsWith("192.0.2.")\'' +
        '\nEvents of a source are shown as they came, before they are parsed: no field is known there.' +
        '\nWatching slows nothing down: what is beyond the rate is not shown, and counted.',
    );
  return addDataOption(command).action(tap);
}

async function tap(component: string | undefined, flags: TapFlags): Promise<void> {
  if (flags.json && flags.pretty) {
    throw new WeirError('WEIR_USAGE', 'give --json or --pretty, not both');
  }
  const client = findControl(flags);
  const isPretty = flags.pretty ?? (flags.json ? false : process.stdout.isTTY === true);
  const view = new TapView(isPretty);
  const query = new URLSearchParams();
  if (component !== undefined) query.set('component', component);
  if (flags.filter !== undefined) query.set('condition', flags.filter);
  if (flags.rate !== undefined) query.set('rate', String(flags.rate));
  if (flags.count !== undefined) query.set('count', String(flags.count));
  const giveUp = new AbortController();
  const stopOnSignals = endOnSignal(client, view, giveUp);
  try {
    for await (const line of client.tap(query, giveUp.signal)) await view.show(line as TapLine);
  } finally {
    stopOnSignals();
  }
  view.sum();
}

/**
 * Ctrl-C asks the instance to end the tap, so that the last counts still come; twice is at once.
 */
function endOnSignal(client: ControlClient, view: TapView, giveUp: AbortController): () => void {
  const names = ['SIGINT', 'SIGTERM'] as const;
  let timer: NodeJS.Timeout | null = null;
  const end = (): void => {
    if (timer !== null || view.id === null) {
      giveUp.abort();
      return;
    }
    timer = setTimeout(() => giveUp.abort(), END_MS);
    client.endTap(view.id).catch(() => giveUp.abort());
  };
  for (const name of names) process.on(name, end);
  return () => {
    if (timer !== null) clearTimeout(timer);
    for (const name of names) process.off(name, end);
  };
}

class TapView {
  readonly #isPretty: boolean;
  /** Of the tap; null until it is open. */
  id: number | null = null;
  #counts: TapCounts | null = null;

  constructor(isPretty: boolean) {
    this.#isPretty = isPretty;
  }

  /** Resolves when standard output takes more. */
  async show({ tap: opened, event, counts, end, reason }: TapLine): Promise<void> {
    if (reason !== undefined) process.stderr.write(`weir: the tap was ended: ${reason}\n`);
    this.#counts = end ?? counts ?? this.#counts;
    if (opened !== undefined) this.#begin(opened);
    if (event === undefined) return;
    const text = this.#isPretty
      ? prettyEvent(event, isColoured(process.stdout))
      : JSON.stringify(event);
    if (process.stdout.write(`${text}\n`)) return;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }

  #begin({ id, component, sink, components }: NonNullable<TapLine['tap']>): void {
    this.id = id;
    const way = sink === component ? '' : `, on the way to ${sink}`;
    process.stderr.write(`weir: watching ${component}${way}; of ${components.join(', ')}\n`);
  }

  sum(): void {
    if (this.#counts === null) return;
    const { matched, shown, droppedByRate, droppedByReader } = this.#counts;
    const parts = [`${count(matched)} matched`, `${count(shown)} shown`];
    if (droppedByRate > 0) parts.push(`${count(droppedByRate)} dropped by the rate cap`);
    if (droppedByReader > 0) parts.push(`${count(droppedByReader)} dropped by a slow reader`);
    process.stderr.write(`weir: ${parts.join(', ')}\n`);
  }
}

const positive =
  (flag: string) =>
  (text: string): number => {
    const value = Number(text);
    if (value > 0 && Number.isFinite(value)) return value;
    throw new WeirError('WEIR_USAGE', `${flag} must be a number above 0; got ${text}`);
  };

const positiveWhole =
  (flag: string) =>
  (text: string): number => {
    const value = positive(flag)(text);
    if (Number.isSafeInteger(value)) return value;
    throw new WeirError('WEIR_USAGE', `${flag} must be a whole number; got ${text}`);
  };
