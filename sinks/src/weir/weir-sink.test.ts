// Scenario: another Weir that takes frames, is away, hangs, is full, or refuses for ever.
// Guarantees: the conformance of sinks; a frame is delivered only when a receipt says so; nothing
// is ever rejected, since what the centre refuses stays at the edge; bodies shrink down to one
// frame.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SequencedBatch, SinkPayload } from '@weir/pipeline';
import { allocateBytes, WeirError } from '@weir/pipeline';
import { testSink } from '@weir/pipeline/testing';
import { decodeWireFrames } from '@weir/spool';
import t from 'tap';
import { encodeFrames } from './encode-frames.js';
import { createWeirSink, ingestUrlOf } from './weir-sink.js';

const NODE = '0123456789ab';
const encoder = new TextEncoder();
let seqNext = 0;

function batchOf(rows: readonly string[]): SequencedBatch {
  const events = rows.map((row) => encoder.encode(row));
  const bytes = allocateBytes(events.reduce((sum, event) => sum + event.length, 0));
  const offsets = new Uint32Array(events.length + 1);
  for (const [i, event] of events.entries()) {
    bytes.set(event, offsets[i]);
    offsets[i + 1] = (offsets[i] ?? 0) + event.length;
  }
  const seqFirst = seqNext;
  seqNext += rows.length;
  return {
    tenant: 'default',
    stream: `${NODE}/http/0`,
    retentionClass: 'default',
    format: 'json',
    receivedAtNs: 1_767_225_600_000_000_000n,
    eventCount: rows.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: rows.length, source: '192.0.2.1', sourceSeqFirst: seqFirst, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch: 7n,
    seqFirst,
  };
}

/** Frames of 10 rows, as batches of the spool would be, in one block. */
function payloadOf(rows: readonly string[]): SinkPayload {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < rows.length; at += 10) {
    const { events } = encodeFrames(null, batchOf(rows.slice(at, at + 10)));
    if (events !== null) blocks.push(events.bytes);
  }
  const bytes = new Uint8Array(Buffer.concat(blocks));
  return { blocks: [bytes], rowCount: rows.length, byteCount: bytes.length };
}

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A centre without a spool: it keeps the rows of frames that it has not seen. */
class Centre {
  readonly rows: string[] = [];
  readonly requests: { path: string; frames: number; headers: IncomingMessage['headers'] }[] = [];
  handler: Handler | null = null;
  readonly #seen = new Set<number>();
  #server: Server = this.#create();
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#create();
    await new Promise<void>((resolve) =>
      this.#server.listen(this.#port, '127.0.0.1', () => resolve()),
    );
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async take(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const decoded = await decodeWireFrames(body);
    if ('error' in decoded) {
      response.writeHead(400).end(JSON.stringify({ error: decoded.error.message }));
      return;
    }
    const { url: path = '', headers } = request;
    this.requests.push({ path, frames: decoded.batches.length, headers });
    let accepted = 0;
    for (const batch of decoded.batches) {
      if (this.#seen.has(batch.seqFirst)) continue;
      this.#seen.add(batch.seqFirst);
      for (let i = 0; i < batch.eventCount; i++, accepted++) {
        const event = batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]);
        this.rows.push(Buffer.from(event).toString());
      }
    }
    response.writeHead(200).end(JSON.stringify({ accepted, duplicates: 0 }));
  }

  #create(): Server {
    return createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        if (this.handler !== null) this.handler(request, response, body);
        else void this.take(request, response, body);
      });
    });
  }
}

async function centreOf(t: { teardown: (end: () => unknown) => void }): Promise<Centre> {
  const centre = new Centre();
  await centre.start();
  t.teardown(() => centre.stop());
  return centre;
}

const never = (): AbortSignal => new AbortController().signal;
const reply =
  (status: number, text: string, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, headers).end(text);
  };

t.test('conformance', async (t) => {
  testSink(t, {
    payloadOf,
    largeRowCount: 3_000,
    create: async () => {
      const centre = new Centre();
      await centre.start();
      const sink = createWeirSink({ url: centre.url });
      return {
        sink,
        received: () => centre.rows,
        breakDown: () => centre.stop(),
        hang: () => {
          centre.handler = () => {};
        },
        heal: async () => {
          centre.handler = null;
          await centre.start();
        },
        dispose: () => centre.stop(),
      };
    },
  });
});

t.test('addresses: prefix, slashes, user and password', async (t) => {
  const text = (url: string) => ingestUrlOf(url).toString();
  t.equal(text('http://weir.example:8514'), 'http://weir.example:8514/ingest');
  t.equal(text('http://weir.example:8514/'), 'http://weir.example:8514/ingest');
  t.equal(text('https://weir.example/siem/edge//'), 'https://weir.example/siem/edge/ingest');
  t.equal(text('https://weir.example/siem/ingest/'), 'https://weir.example/siem/ingest');
  for (const bad of ['', 'weir.example:8514', 'ftp://weir.example', 'not a url'])
    t.throws(() => ingestUrlOf(bad), { code: 'WEIR_CONFIG_INVALID', message: /SIEM_BASE_URL/ });
  const centre = await centreOf(t);
  const url = `${centre.url.replace('http://', 'http://edge:s%20cret@')}/siem/`;
  const sink = createWeirSink({ url });
  t.same(await sink.write(payloadOf(['a']), never()), { kind: 'delivered' });
  t.match(centre.requests[0], {
    path: '/siem/ingest',
    headers: {
      'content-type': 'application/vnd.weir.frames',
      authorization: `Basic ${Buffer.from('edge:s cret').toString('base64')}`,
    },
  });
  const headers = { Authorization: 'Bearer token', 'X-Site': 'north', 'Content-Type': 'text/x' };
  const other = createWeirSink({ url, headers });
  await other.write(payloadOf(['c']), never());
  t.match(centre.requests[1]?.headers, {
    'content-type': 'application/vnd.weir.frames',
    authorization: 'Bearer token',
    'x-site': 'north',
  });
  await other.close();
  centre.handler = reply(403, '{"error":"not this tenant"}');
  const outcome = await sink.write(payloadOf(['b']), never());
  t.notMatch(JSON.stringify(outcome), /cret/, 'no message shows the password');
  await sink.close();
});

t.test('answers that are no receipt keep the frames', async (t) => {
  const centre = await centreOf(t);
  const sink = createWeirSink({ url: centre.url, timeoutMs: 5_000 });
  const cases: readonly (readonly [Handler, RegExp, number | null])[] = [
    [reply(503, '{"error":"the spool is full"}', { 'retry-after': '3' }), /spool is full/, 3_000],
    [reply(429, '', { 'retry-after': '1' }), /busy or failing \(HTTP 429\)/, 1_000],
    [reply(503, '', { 'retry-after': 'Wed, 21 Oct 2037 07:28:00 GMT' }), /HTTP 503/, null],
    [
      reply(403, '{"error":"frames of tenant b are not allowed"}'),
      /tenant b.*nothing is lost/,
      null,
    ],
    [reply(415, '{"error":"frames of version 2"}'), /version 2.*they are kept/, null],
    [reply(409, '{"error":"it forwards to itself"}'), /itself/, null],
    [reply(404, '<html>not found</html>'), /HTTP 404: <html>/, null],
    [reply(302, '', { location: 'http://192.0.2.1/' }), /HTTP 302/, null],
    [reply(500, 'x'.repeat(500_000)), /HTTP 500/, null],
    [reply(200, '<html>welcome to the portal</html>'), /without a receipt/, null],
    [reply(200, '{"accepted":1,"suspect":[]}'), /without a receipt/, null],
    [(request) => request.socket.destroy(), /cannot be reached/, null],
  ];
  for (const [handler, message, afterMs] of cases) {
    centre.handler = handler;
    const outcome = await sink.write(payloadOf(['a']), never());
    t.match(outcome, { kind: 'retry', afterMs, failure: { message } }, String(message));
  }
  centre.handler = null;
  t.equal((await sink.write(payloadOf(['z']), never())).kind, 'delivered');
  await sink.close();
});

t.test('TLS to a Weir that speaks none', async (t) => {
  const centre = await centreOf(t);
  const sink = createWeirSink({ url: centre.url.replace('http:', 'https:') });
  const outcome = await sink.write(payloadOf(['a']), never());
  const message =
    /cannot be reached: the other side does not speak TLS; is it http:\/\/ instead\?$/;
  t.match(outcome, { kind: 'retry', failure: { message } });
  await sink.close();
});

t.test('413 halves bodies down to one frame, which then waits', async (t) => {
  const centre = await centreOf(t);
  const sink = createWeirSink({ url: centre.url });
  const rows = Array.from({ length: 330 }, (_, i) => `row ${i}`);
  let refused = 0;
  centre.handler = (request, response, body) => {
    if (body.length < 1_200) return void centre.take(request, response, body);
    refused++;
    response.writeHead(413).end('{"error":"the body is larger than 1200 bytes"}');
  };
  t.equal((await sink.write(payloadOf(rows), never())).kind, 'delivered');
  t.same(centre.rows, rows, 'all rows, once, in order');
  t.ok(refused > 1 && refused < 10, `${refused} bodies were too large`);
  centre.handler = reply(413, '{"error":"larger than 100 bytes"}');
  t.match(await sink.write(payloadOf(rows.slice(0, 20)), never()), {
    kind: 'retry',
    failure: { message: /does not take a single frame of \d+ bytes .*larger than 100/ },
  });
  await sink.close();
});

t.test('bodies stay within their limits', async (t) => {
  const centre = await centreOf(t);
  const limits = { framesMax: 4, bytesMax: 1_000_000, rawBytesMax: 3_000 };
  const sink = createWeirSink({ url: centre.url, limits });
  const small = Array.from({ length: 100 }, (_, i) => `row ${i}`);
  await sink.write(payloadOf(small), never());
  t.same(
    centre.requests.map(({ frames }) => frames),
    [4, 4, 2],
  );
  centre.requests.length = 0;
  // Each frame unpacks to some 2,000 bytes, and to far fewer on the wire.
  await sink.write(payloadOf(Array.from({ length: 30 }, () => 'x'.repeat(200))), never());
  t.same(
    centre.requests.map(({ frames }) => frames),
    [1, 1, 1],
  );
  await sink.close();
});

t.test('a block that is not made of frames is a defect', async (t) => {
  const sink = createWeirSink({ url: 'http://127.0.0.1:9' });
  const payload = { blocks: [new Uint8Array(200)], rowCount: 1, byteCount: 200 };
  await t.rejects(sink.write(payload, never()), { name: 'InvariantError' });
  t.ok(new WeirError('WEIR_SINK_REJECTED', 'x'), 'codes are in the table');
});
