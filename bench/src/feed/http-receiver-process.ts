// A cheap HTTP receiver: counts the rows of NDJSON bodies and ticks off the sequence numbers in
// them. GET answers with what it saw. Its one argument is how many numbers there are.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ownCpuSeconds } from '../clock.js';

const eventCount = Number(process.argv[2]);
const MARK = Buffer.from('seq=');
const DIGITS = 10;
const LF = 10;
/** Rows of a number, up to 255. */
let seen = new Uint8Array(eventCount);
let rows = 0;
let distinct = 0;
let bytes = 0;

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    void bodyOf(request).then((body) => {
      take(body);
      response.writeHead(200).end();
    });
    return;
  }
  const isAsked = request.url === '/hash';
  const hash = !isAsked
    ? ''
    : createHash('sha256')
        .update(seen.map((count) => Math.min(count, 1)))
        .digest('hex');
  response.end(JSON.stringify({ rows, distinct, bytes, hash, cpuSeconds: ownCpuSeconds() }));
  if (request.url === '/reset') {
    seen = new Uint8Array(eventCount);
    rows = 0;
    distinct = 0;
    bytes = 0;
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function take(body: Buffer): void {
  bytes += body.length;
  for (let start = 0; start < body.length; ) {
    const found = body.indexOf(LF, start);
    const end = found < 0 ? body.length : found;
    if (end > start) {
      rows++;
      note(body, start, end);
    }
    start = end + 1;
  }
}

/** The number may stand in the row twice, in the message and in the raw text. */
function note(body: Buffer, start: number, end: number): void {
  const at = body.indexOf(MARK, start);
  if (at < 0 || at >= end) return;
  let number = 0;
  for (let i = at + MARK.length; i < at + MARK.length + DIGITS; i++)
    number = number * 10 + ((body[i] as number) - 48);
  if (!(number >= 0 && number < eventCount)) return;
  if (seen[number] === 0) distinct++;
  seen[number] = Math.min(255, (seen[number] as number) + 1);
}
