// Scenario: a running collector takes good and bad events and is scraped.
// Guarantees: /metrics is valid Prometheus text with the documented names and labels, and its
// counters agree with what was sent; /healthz and /readyz answer.
import { connect } from 'node:net';
import { join } from 'node:path';
import { WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

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

t.test('metrics agree with what was sent', async (t) => {
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
  t.equal(metricOf(text, 'pending_event_count'), 0);
  t.equal(metricOf(text, 'store_up'), 1);
  t.ok(metricOf(text, 'buffer_size_bytes') > 0);
  for (const path of ['/healthz', '/readyz']) {
    t.equal((await fetch(`${weir.httpUrl}${path}`)).status, 200, path);
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
