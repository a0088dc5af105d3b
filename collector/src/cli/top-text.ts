// The screen of `weir top` as lines of text.
import { bytes, count, percent, rate, seconds, span } from './numbers.js';
import type { ComponentView, SinkView, TopView } from './top-view.js';

const SILENT_LINES_MAX = 8;
const LAG_SHOWN_MAX = 8;
const GAP = '  ';
/** Hours left below this are worth a colour. */
const HOURS_LOW = 4;

export interface TextStyle {
  readonly isColoured: boolean;
}

type Paint = (text: string) => string;
interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}
type Row = readonly Cell[];

export function textOfTop(view: TopView, style: TextStyle): string[] {
  const paint = paints(style.isColoured);
  return [
    ...head(view, paint),
    '',
    ...componentTable(view.components, paint),
    '',
    ...sinkTable(view.sinks, paint),
    ...kafkaLines(view, paint),
    ...silentLines(view, paint),
  ];
}

type Paints = Readonly<Record<'bad' | 'warn' | 'dim' | 'bold', Paint>>;

function paints(isColoured: boolean): Paints {
  const code =
    (number: number): Paint =>
    (text) =>
      isColoured ? `\x1b[${number}m${text}\x1b[0m` : text;
  return { bad: code(31), warn: code(33), dim: code(2), bold: code(1) };
}

function head(view: TopView, paint: Paints): string[] {
  const { process: own, spool, workers } = view;
  const state = view.state === 'running' ? view.state : paint.bad(view.state);
  const filled = spool.bytesMax === 0 ? 0 : spool.bytesUsed / spool.bytesMax;
  const left =
    spool.hoursLeft === null
      ? 'nothing written yet'
      : `${span(spool.hoursLeft * 3600)} left if no sink took anything`;
  const isLow = spool.isFull || (spool.hoursLeft !== null && spool.hoursLeft < HOURS_LOW);
  return [
    [
      paint.bold(`weir ${view.version}`),
      state,
      `up ${span(view.uptimeSeconds)}`,
      `pid ${view.pid}`,
      `cpu ${own.cpuCores.toFixed(2)} cores`,
      `rss ${bytes(own.residentBytes)}`,
      `workers ${percent(workers.utilization)} of ${workers.count} busy`,
      ...(view.tapCount > 0 ? [`taps ${view.tapCount}`] : []),
    ].join(GAP),
    [
      `spool ${bytes(spool.bytesUsed)} of ${bytes(spool.bytesMax)} (${percent(filled)})`,
      `written ${bytes(spool.writtenBytesPerSecond)}/s`,
      isLow ? paint.bad(spool.isFull ? 'FULL' : left) : left,
    ].join(GAP),
  ];
}

function componentTable(components: readonly ComponentView[], paint: Paints): string[] {
  const names = ['COMPONENT', 'KIND', 'IN/S', 'OUT/S', 'BYTES/S', 'P50', 'P99', 'FILTERED'];
  const head = [...names, 'DISCARDED', 'QUARANTINED', 'ERRORS'];
  const rows = components.filter(isShown).map((component): Row => {
    const { receivedBytesPerSecond, sentBytesPerSecond } = component;
    // A source sends on all that it takes.
    const sent =
      component.kind === 'source' ? component.receivedPerSecond : component.sentPerSecond;
    return [
      { text: component.id },
      { text: component.kind === 'transform' ? component.type : component.kind },
      { text: rate(component.receivedPerSecond) },
      { text: rate(sent) },
      { text: bytes(Math.max(receivedBytesPerSecond, sentBytesPerSecond)) },
      { text: seconds(component.latencyP50Seconds) },
      { text: seconds(component.latencyP99Seconds) },
      { text: count(component.filteredEvents) },
      trouble(component.discardedEvents, paint.bad),
      trouble(component.quarantinedEvents, paint.warn),
      trouble(component.errorCount, paint.warn),
    ];
  });
  return table(head, rows, paint);
}

/** The buffer has a line of its own; a component that nobody used says nothing. */
const isShown = ({ kind, receivedEvents, errorCount, type }: ComponentView): boolean =>
  kind !== 'buffer' && (type !== 'pool' || receivedEvents + errorCount > 0);

function sinkTable(sinks: readonly SinkView[], paint: Paints): string[] {
  const names = ['SINK', 'TYPE', 'STATE', 'STORED/S', 'STORED', 'PENDING', 'BYTES', 'LAG'];
  const head = [...names, 'RETRIES', 'LOST', 'GAPS'];
  const rows = sinks.map(
    (sink): Row => [
      { text: sink.isRequired ? sink.id : `${sink.id} (optional)` },
      { text: sink.type },
      { text: sink.state, ...(sink.state === 'ok' ? {} : { paint: paint.bad }) },
      { text: rate(sink.storedPerSecond) },
      { text: count(sink.storedEvents) },
      { text: count(sink.pendingEvents) },
      { text: bytes(sink.pendingBytes) },
      { text: seconds(sink.lagMs / 1000) },
      trouble(sink.retryCount, paint.warn),
      trouble(sink.lostEvents, paint.bad),
      trouble(sink.missingEvents, paint.bad),
    ],
  );
  const errors = sinks
    .filter(({ state, lastError }) => state !== 'ok' && lastError !== null)
    .map(({ id, lastError }) => paint.bad(`  ${id}: ${lastError}`));
  return [...table(head, rows, paint), ...errors];
}

/** Partitions that are behind, the farthest first. */
function kafkaLines({ kafka }: TopView, paint: Paints): string[] {
  if (kafka === null) return [];
  const { topic, group, lag, partitions, error } = kafka;
  const title = `topic ${topic}, group ${group}: `;
  if (error !== null) return ['', paint.bad(`${title}${error}`)];
  if (lag === null) return ['', `${title}asking`];
  const behind = partitions.filter((one) => one.lag > 0).sort((a, b) => b.lag - a.lag);
  const shown = behind
    .slice(0, LAG_SHOWN_MAX)
    .map((one) => `${one.partition}: ${count(one.lag)}`)
    .join(', ');
  const more = behind.length > LAG_SHOWN_MAX ? `, ${behind.length - LAG_SHOWN_MAX} more` : '';
  const each = shown === '' ? '' : ` (by partition ${shown}${more})`;
  const gone = partitions.reduce((sum, one) => sum + one.gone, 0);
  return [
    '',
    `${title}${count(lag)} messages are not loaded${each}`,
    ...(gone === 0 ? [] : [paint.bad(`  ${count(gone)} were deleted before they were loaded`)]),
  ];
}

function silentLines({ sources }: TopView, paint: Paints): string[] {
  const { silent, silentCount, watchedCount } = sources;
  if (silentCount === 0) return [];
  const shown = silent
    .slice(0, SILENT_LINES_MAX)
    .map(
      ({ listener, source, silentMs, usualPauseMs }) =>
        `  ${source} on ${listener}: silent for ${span(silentMs / 1000)}, usually at most ` +
        `${span(usualPauseMs / 1000)}`,
    );
  const more = silentCount - shown.length;
  const title = `${count(silentCount)} of ${count(watchedCount)} sources are silent`;
  return ['', paint.warn(title), ...shown, ...(more > 0 ? [`  and ${count(more)} more`] : [])];
}

const trouble = (value: number, paint: Paint): Cell => ({
  text: count(value),
  ...(value > 0 ? { paint } : {}),
});

/** The first two columns to the left, figures to the right. */
function table(head: readonly string[], rows: readonly Row[], paint: Paints): string[] {
  const all: readonly Row[] = [head.map((text) => ({ text, paint: paint.dim })), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.text.length ?? 0)),
  );
  return all.map((row) =>
    row
      .map(({ text, paint: colour = (plain) => plain }, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - text.length);
        return column < 2 ? `${colour(text)}${padding}` : `${padding}${colour(text)}`;
      })
      .join(GAP),
  );
}

/** Cuts a line to the width of the terminal; colours take no room. */
export function clip(line: string, width: number): string {
  let shown = 0;
  let text = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the start of a colour is meant.
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    if (part.startsWith('\x1b')) text += part;
    else {
      text += part.slice(0, Math.max(0, width - shown));
      shown += part.length;
    }
  }
  return text;
}
