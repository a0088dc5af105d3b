// An object store for tests: a real HTTP server that checks each signature by itself, as "Create a
// signed AWS API request" says it (AWS IAM User Guide), and keeps objects by key.
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TEST_CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'S3CRET/key+1' };

export interface StoredObject {
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}
/** Instead of the ordinary answer; false: answer as ever. */
export type S3Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

export class S3Server {
  readonly objects = new Map<string, StoredObject>();
  /** Keys in the order in which they were put, also again. */
  readonly puts: string[] = [];
  pageKeysMax = 1_000;
  /** Before an object is kept. */
  fault: S3Fault | null = null;
  /** After it was kept. */
  faultAfter: S3Fault | null = null;
  readonly #bucket: string;
  readonly #server: Server;
  #port = 0;

  constructor(bucket = 'events') {
    this.#bucket = bucket;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    if (this.fault?.(request, response) === true) return;
    const wrong = wrongSignature(request, body);
    if (wrong !== null) return answerError(response, 403, 'SignatureDoesNotMatch', wrong);
    const path = decodeURIComponent(new URL(request.url ?? '', this.url).pathname);
    const prefix = `/${this.#bucket}/`;
    if (request.method === 'GET') return this.#read(new URL(request.url ?? '', this.url), response);
    if (!path.startsWith(prefix)) return answerError(response, 404, 'NoSuchBucket', path);
    const key = path.slice(prefix.length);
    this.puts.push(key);
    this.objects.set(key, { body, headers: request.headers });
    if (this.faultAfter?.(request, response) === true) return;
    response.writeHead(200, { etag: `"${createHash('md5').update(body).digest('hex')}"` }).end();
  }

  #read({ pathname, searchParams }: URL, response: ServerResponse): void {
    const key = decodeURIComponent(pathname).slice(this.#bucket.length + 2);
    if (key !== '') {
      const found = this.objects.get(key);
      if (found === undefined) answerError(response, 404, 'NoSuchKey', key);
      else response.writeHead(200).end(found.body);
      return;
    }
    const prefix = searchParams.get('prefix') ?? '';
    const after = searchParams.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()]
      .filter((name) => name.startsWith(prefix) && name > after)
      .sort();
    const page = keys.slice(0, this.pageKeysMax);
    const isTruncated = page.length < keys.length;
    const contents = page.map((name) => `<Contents><Key>${encodedName(name)}</Key></Contents>`);
    const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    response.end(
      `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}${next}` +
        '</ListBucketResult>',
    );
  }
}

/** Undoes the encoding of a listing. */
const encodedName = (key: string): string => encodeURIComponent(key).replaceAll('%20', '+');

export function answerError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest();

/** Null where the signature is that of the request. */
function wrongSignature(request: IncomingMessage, body: Buffer): string | null {
  const { headers, method = '', url = '' } = request;
  const [, credential = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=(\w{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [id, day = '', region = '', service, ending] = credential.split('/');
  if (service !== 's3' || ending !== 'aws4_request') return 'it is not signed for S3';
  if (id !== TEST_CREDENTIALS.accessKeyId) return 'no such access key';
  const hash = headers['x-amz-content-sha256'];
  if (hash !== sha256(body)) return 'the body is another one';
  const signed = names.split(';');
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date'])
    if (!signed.includes(name)) return `${name} is not signed`;
  for (const name of Object.keys(headers))
    if (name.startsWith('x-amz-') && !signed.includes(name)) return `${name} is not signed`;
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    ...signed.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    hash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`;
  const dayKey = hmac(`AWS4${TEST_CREDENTIALS.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(dayKey, region), 's3'), 'aws4_request');
  return hmac(key, toSign).toString('hex') === signature ? null : 'another signature';
}
