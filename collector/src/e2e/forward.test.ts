// Scenario: an edge forwards to a centre with the embedded store; events come to the edge by TCP
// and HTTP, a filter at the edge takes some out, and both processes are killed while events flow.
// Guarantees: every event that the edge acknowledged is in the centre's table once, under the
// edge's stream, number and source; what was filtered shows as filtered on both; both ledgers
// close.
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
const ROUNDS = process.env.WEIR_LONG === '1' ? 8 : 1;
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

/** Streams in which something was issued. */
async function verified(t: Test, weir: WeirProcess, deep: boolean): Promise<Stream[]> {
  const result = await weir.verify(30, ...(deep ? ['--deep'] : []));
  t.equal(result.code, 0, result.stderr);
  const { streams } = JSON.parse(result.stdout) as { readonly streams: readonly Stream[] };
  return streams.filter(({ issued }) => issued > 0);
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

/** Kills the centre, the edge and both, each in the midst of requests; returns their number. */
async function killWhilePosting(edge: WeirProcess, centre: WeirProcess): Promise<number> {
  let postCount = 0;
  let isStopping = false;
  const posting = (async () => {
    for (; !isStopping; postCount++) {
      await post(edge, postCount);
      await delay(20);
    }
  })();
  const more = (count: number): Promise<boolean> => {
    const end = postCount + count;
    return waitFor(async () => postCount >= end, 60_000, 20);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await more(10);
    await centre.killTree();
    await more(10);
    await centre.start();
    await more(10);
    await edge.killTree();
    await edge.start();
    await more(10);
    await Promise.all([edge.killTree(), centre.killTree()]);
    await Promise.all([edge.start(), centre.start()]);
  }
  await more(10);
  isStopping = true;
  await posting;
  return postCount;
}

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

  const postCount = await killWhilePosting(edge, centre);
  const kept = (postCount * POST_EVENTS * 4) / 5;
  await waitFor(async () => (await countOf("raw_data LIKE '%http-%'")) >= kept, 60_000);
  const total = TCP_EVENTS + postCount * POST_EVENTS;
  const all = String(TCP_EVENTS + kept);
  const rows = await centre.query(
    'SELECT count(), uniqExact(raw_data), uniqExact(stream, epoch, seq), ' +
      "groupUniqArray(source), countIf(raw_data LIKE '%noise%') FROM dev.events",
  );
  t.same(rows, [[all, all, all, "['127.0.0.1']", '0']], 'each once');
  const causes = await centre.query('SELECT DISTINCT kind, cause FROM dev.dispositions');
  t.same(causes, [['filtered', 'filter:no_noise']]);

  const atCentre = await verified(t, centre, true);
  t.equal(sumOf(atCentre, 'issued'), total, 'issued, as the centre sees it');
  t.equal(sumOf(atCentre, 'filtered'), total - TCP_EVENTS - kept, 'filtered, at the centre');
  t.equal(sumOf(atCentre, 'lost'), 0);
  const atEdge = await verified(t, edge, false);
  t.equal(sumOf(atEdge, 'issued'), total, 'issued at the edge');
  t.equal(sumOf(atEdge, 'stored'), TCP_EVENTS + kept, 'delivered by the edge');
  t.equal(sumOf(atEdge, 'filtered'), total - TCP_EVENTS - kept, 'filtered at the edge');
  const names = (streams: readonly Stream[]) => streams.map(({ stream }) => stream).sort();
  t.same(names(atCentre), names(atEdge), 'under the names of the edge');
}
