// What the tests of `POST /ingest` share: a server on loopback with the streams of the test rig.
import { type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdmissionLimits } from '@weir/pipeline';
import type { Test } from 'tap';
import { sourceRig } from '../test-rig.js';
import type { ForwardingOptions } from './frames.js';
import type { RecoveredRequestPart } from './idempotency.js';
import { type HttpIngestLimits, registerIngest } from './ingest.js';
import { createHttpServer, type HttpServerLimits } from './server.js';
import type { IngestEvidence } from './signed-receipt.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export async function serve(
  t: Test,
  options: {
    host?: string;
    limits?: Partial<HttpIngestLimits>;
    admission?: Partial<AdmissionLimits>;
    server?: Partial<HttpServerLimits>;
    recovered?: RecoveredRequestPart[];
    forwarding?: ForwardingOptions;
    evidence?: IngestEvidence;
  } = {},
) {
  const rig = sourceRig('json', options.admission);
  const app = createHttpServer({ limits: options.server ?? {} });
  const ingest = registerIngest(app, {
    ...rig,
    limits: options.limits ?? {},
    recoveredRequestParts: options.recovered ?? [],
    ...(options.forwarding === undefined ? {} : { forwarding: options.forwarding }),
    ...(options.evidence === undefined ? {} : { evidence: options.evidence }),
  });
  const host = options.host ?? '127.0.0.1';
  await app.listen({ host, port: 0 });
  t.teardown(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const call = (
    method: string,
    path: string,
    body: string | Buffer,
    headers: Record<string, string | string[]> = {},
    localAddress?: string,
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const from = localAddress === undefined ? {} : { localAddress };
      const to = { host, port, method, path, headers, agent: false, ...from };
      const sent = request(to, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: text === '' ? {} : JSON.parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const post = (body: string | Buffer, headers: Record<string, string | string[]> = {}) =>
    call('POST', '/ingest', body, headers);
  const postFrom = (localAddress: string, body: string | Buffer) =>
    call('POST', '/ingest', body, {}, localAddress);
  return { ...rig, app, ingest, host, port, call, post, postFrom };
}
