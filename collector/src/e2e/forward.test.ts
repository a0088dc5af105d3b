// Scenario: an edge forwards to a centre with the embedded store; events come to the edge by TCP and
// HTTP, a filter at the edge takes some out, and both processes are killed while events flow.
// Guarantees: every event that the edge acknowledged is in the centre's table once, under the edge's
// stream, number and source; what was filtered shows as filtered on both; both ledgers close.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';

interface Stream {
  readonly stream: string;
  readonly issued: number;
  readonly stored: number;
  readonly filtered: number;
  readonly lost: number;
  readonly inFlight: number;
}
interface Report {
  readonly closes: boolean;
  readonly problems: readonly string[];
  readonly streams: readonly Stream[];
}

const POST_COUNT = process.env.WEIR_LONG === '1' ? 400 : 60;
const POST_EVENTS = 25;
const TCP_EVENTS = 300;

/** Octet counted lines, so that nothing depends on line ends. */
function sendTcp(address: string, texts: readonly string[]): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => {
      for (const text of texts) {
        const line = `<134>1 2026-01-05T10:00:00Z host-1 app 7 - - ${text}`;
        socket.write(`${line.length} ${line}`);
      }
      socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.resume();
  });
}

/** Repeats a keyed request until it is acknowledged. */
async function post(edge: WeirProcess, number: number): Promise<void> {
  const items = Array.from({ length: POST_EVENTS }, (_, i) => {
    const noise = i % 5 === 0 ? ' noise' : '';
    return JSON.stringify({ message: `http-${number * POST_EVENTS + i}${noise}` });
  });
  const headers = { 'idempotency-key': `test/1/${number * POST_EVENTS}` };
  for (;;) {
    try {
      const body = `${items.join('\n')}\n`;
      const reply = await fetch(`${edge.httpUrl}/ingest`, { method: 'POST', headers, body });
      await reply.text();
      if (reply.status === 200) return;
    } catch {
      // The edge is away.
    }
    await delay(50);
  }
}

async function verified(t: Test, weir: WeirProcess, deep: boolean): Promise<Report> {
  const result = await weir.verify(30, ...(deep ? ['--deep'] : []));
  t.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as Report;
}

const sumOf = (streams: readonly Stream[], name: 'issued' | 'stored' | 'filtered' | 'lost') =>
  streams.reduce((sum, stream) => sum + stream[name], 0);

/** An edge whose filter takes the noise out. */
function edgeOf(root: string, centre: WeirProcess): WeirProcess {
  const configFile = join(root, 'edge', 'weir.toml');
  writeFileSync(
    configFile,
    [
      '[transforms.no_noise]',
      'type = "filter"',
      'inputs = ["*"]',
      `condition = '!raw_data.contains("noise")'`,
      '[sinks.centre]',
      'type = "weir"',
      'inputs = ["no_noise"]',
      `url = "${centre.httpUrl}/"`,
      'retry_max_delay_ms = 1000',
    ].join('\n'),
  );
  return new WeirProcess(join(root, 'edge', 'data'), {}, ['--config', configFile]);
}

t.test('an edge and a centre', async (t) => {
  const root = t.testdir({ centre: {}, edge: {} });
  const centre = new WeirProcess(join(root, 'centre', 'data'));
  await centre.start();
  const edge = edgeOf(root, centre);
  try {
    await edge.start();
    await forward(t, edge, centre);
  } finally {
    // Before the directories go, or nobody would know whom to kill.
    await edge.killTree();
    await centre.killTree();
  }
});

async function forward(t: Test, edge: WeirProcess, centre: WeirProcess): Promise<void> {
  await sendTcp(
    edge.syslogAddress,
    Array.from({ length: TCP_EVENTS }, (_, i) => `tcp-${i}`),
  );
  const countOf = async (where: string): Promise<number> =>
    Number(await centre.sql(`SELECT count() FROM dev.events WHERE ${where}`).catch(() => '-1'));
  t.ok(
    await waitFor(async () => (await countOf("raw_data LIKE '%tcp-%'")) === TCP_EVENTS, 30_000),
    'events by TCP arrive',
  );

  let posted = 0;
  const posting = (async () => {
    for (let i = 0; i < POST_COUNT; i++) {
      await post(edge, i);
      posted++;
      await delay(20);
    }
  })();
  const reached = (share: number): Promise<boolean> =>
    waitFor(async () => posted >= POST_COUNT * share, 60_000, 20);
  await reached(0.2);
  await centre.killTree();
  await reached(0.4);
  await centre.start();
  await reached(0.6);
  await edge.killTree();
  await edge.start();
  await reached(0.8);
  await Promise.all([edge.killTree(), centre.killTree()]);
  await Promise.all([edge.start(), centre.start()]);
  await posting;

  const kept = (POST_COUNT * POST_EVENTS * 4) / 5;
  await waitFor(async () => (await countOf("raw_data LIKE '%http-%'")) >= kept, 60_000);
  const atEdge = await verified(t, edge, false);
  const atCentre = await verified(t, centre, true);
  const total = TCP_EVENTS + POST_COUNT * POST_EVENTS;
  t.equal(sumOf(atEdge.streams, 'issued'), total, 'issued at the edge');
  t.equal(sumOf(atEdge.streams, 'stored'), TCP_EVENTS + kept, 'delivered by the edge');
  t.equal(sumOf(atEdge.streams, 'filtered'), total - TCP_EVENTS - kept, 'filtered at the edge');
  const named = atCentre.streams.filter(({ issued }) => issued > 0);
  t.equal(sumOf(named, 'issued'), total, 'and so at the centre');
  t.equal(sumOf(named, 'filtered'), total - TCP_EVENTS - kept);
  t.equal(sumOf(named, 'lost'), 0);
  t.same(
    new Set(named.map(({ stream }) => stream)),
    new Set(atEdge.streams.filter(({ issued }) => issued > 0).map(({ stream }) => stream)),
    'under the names of the edge',
  );

  const rows = await centre.query(
    'SELECT count(), uniqExact(raw_data), uniqExact(stream, epoch, seq), ' +
      "groupUniqArray(source), countIf(raw_data LIKE '%noise%') FROM dev.events",
  );
  const all = String(TCP_EVENTS + kept);
  t.same(rows, [[all, all, all, "['127.0.0.1']", '0']], 'each once');
  const causes = await centre.query('SELECT DISTINCT kind, cause FROM dev.dispositions');
  t.same(causes, [['filtered', 'filter:no_noise']]);
}
