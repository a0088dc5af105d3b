// Scenario: a running collector takes good and bad events and is scraped.
// Guarantees: /metrics is valid Prometheus text with the names and labels that docs/metrics.md
// lists, neither more nor fewer, and its counters agree with what was sent; /healthz and /readyz
// answer.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

const LABELS = String.raw`\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\}`;
const SAMPLE = new RegExp(
  String.raw`^(\w+?)(?:_bucket|_sum|_count)?(?:${LABELS})? (?:-?\d\S*|[+-]Inf|NaN)$`,
);

const PAGE = fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url));
const COMPONENT_LABELS = ['component_id', 'component_kind', 'component_type'];

/** Sum of all samples of a metric whose labels include the given text. */
function metricOf(text: string, name: string, label = ''): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || !line.includes(label)) continue;
    const match = /^([a-z_]+)(?:\{[^}]*\})? (\S+)$/.exec(line);
    if (match?.[1] === name) sum += Number(match[2]);
  }
  return sum;
}

interface Described {
  readonly type: string;
  /** Sorted; null where no sample was seen. */
  readonly labels: readonly string[] | null;
}

/** What the page says: the rows of its tables. */
function describedOnPage(): Map<string, Described> {
  const rows = readFileSync(PAGE, 'utf8').matchAll(
    /^\| `([a-z_0-9]+)` \| (counter|gauge|histogram) \|([^|]*)\|/gm,
  );
  const found = new Map<string, Described>();
  for (const [, name = '', type = '', labels = ''] of rows) {
    const extra = Array.from(labels.matchAll(/`(\w+)`/g), ([, label = '']) => label);
    const isOfProcess = /^(process|nodejs|conservation|silent|clock|weir|source_missing)_/.test(
      name,
    );
    const all = isOfProcess ? extra : [...COMPONENT_LABELS, ...extra];
    found.set(name, { type, labels: all.sort() });
  }
  return found;
}

/** What a scrape says. Throws on a line that is no Prometheus text. */
function describedByScrape(text: string): Map<string, Described> {
  const found = new Map<string, Described>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      found.set(type[1] ?? '', { type: type[2] ?? '', labels: null });
      continue;
    }
    const match = SAMPLE.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    // pending_event_count ends in what a histogram's part ends in.
    const whole = /^\w+/.exec(line)?.[0] ?? '';
    const name = found.has(whole) ? whole : (match[1] ?? '');
    const known = found.get(name);
    if (known === undefined) throw new Error(`a sample without a type: ${line}`);
    const labels = Array.from((match[2] ?? '').matchAll(/(\w+)="/g), ([, label = '']) => label);
    found.set(name, { ...known, labels: labels.filter((label) => label !== 'le').sort() });
  }
  return found;
}

t.test('metrics agree with what was sent and with their page', async (t) => {
  const weir = new WeirProcess(join(t.testdir({ data: {} }), 'data'));
  await weir.start();
  t.teardown(() => weir.killTree());
  await sendTcp(weir.syslogAddress, '<13>one\n\n<13>two\n');
  const body = '{"message":"a"}\n{"broken\n{"message":"b"}';
  const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body });
  t.same(((await reply.json()) as { suspect: number[] }).suspect, [1]);
  let text = '';
  const settled = await waitFor(async () => {
    text = await (await fetch(`${weir.httpUrl}/metrics`)).text();
    return metricOf(text, 'component_sent_events_total', 'component_id="clickhouse"') === 4;
  }, 20_000);
  t.ok(settled, 'four events are stored');
  t.equal(metricOf(text, 'component_received_events_total', 'component_id="syslog_tcp"'), 2);
  t.equal(metricOf(text, 'component_received_events_total', 'component_id="http"'), 3);
  t.equal(metricOf(text, 'component_quarantined_events_total', 'reason="json_invalid"'), 1);
  t.equal(metricOf(text, 'component_discarded_events_total', 'cause="empty_line"'), 1);
  t.equal(metricOf(text, 'component_latency_seconds_count', 'component_id="syslog_tcp"'), 1);
  t.equal(metricOf(text, 'pending_event_count', 'component_id="clickhouse"'), 0);
  t.equal(metricOf(text, 'pending_event_bytes', 'component_id="clickhouse"'), 0);
  t.equal(metricOf(text, 'sink_up', 'component_id="clickhouse"'), 1);
  t.equal(metricOf(text, 'ledger_missing_events'), 0);
  t.ok(metricOf(text, 'buffer_size_bytes') > 0);
  t.ok(metricOf(text, 'process_cpu_seconds_total') > 0);
  for (const path of ['/healthz', '/readyz']) {
    t.equal((await fetch(`${weir.httpUrl}${path}`)).status, 200, path);
  }
  const onPage = describedOnPage();
  const scraped = describedByScrape(text);
  t.same([...onPage.keys()].sort(), [...scraped.keys()].sort(), 'the page lists what there is');
  for (const [name, { type, labels }] of scraped) {
    t.equal(onPage.get(name)?.type, type, name);
    if (labels !== null) t.same(onPage.get(name)?.labels, labels, `labels of ${name}`);
  }
  t.equal(await weir.stop(), 0);
});

function sendTcp(address: string, text: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.end(text, () => resolve());
  });
}
