// Objects with events, one JSON object a line, in an S3-compatible store. Delivered means that the
// store has answered 200 to a whole object: it is durable there, and listed.
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { WeirError } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { bodyOf } from '../http/body.js';
import { HttpClient, headerOf, textOf } from '../http/client.js';
import { retryAfterError } from '../http/judge.js';
import { placeOf } from '../http/setup.js';
import { judgeS3, type S3Answer } from './judge.js';
import { type ObjectName, objectNameOf } from './object-key.js';
import { S3_SINK_DEFAULTS, type S3SinkDependencies, type S3SinkOptions } from './options.js';
import { bucketUrlOf, encodedKey, signedRequest } from './signed-request.js';

const ANSWER_BYTES_MAX = 64 * 1024;
const CONTENT_TYPES = {
  none: 'application/x-ndjson',
  zstd: 'application/zstd',
  gzip: 'application/gzip',
} as const;

export interface S3Sink extends Sink {
  /** `write` may be called again before this many others have ended. */
  readonly writesInFlightMax: number;
}

/** Throws WEIR_CONFIG_INVALID for an endpoint that no request can have. */
export function createS3Sink(options: S3SinkOptions, deps: S3SinkDependencies): S3Sink {
  return new ObjectSink(options, deps);
}

class ObjectSink implements S3Sink {
  readonly writesInFlightMax: number;
  readonly #options: Required<S3SinkOptions>;
  readonly #deps: S3SinkDependencies;
  readonly #bucketUrl: URL;
  readonly #client: HttpClient;

  constructor(options: S3SinkOptions, deps: S3SinkDependencies) {
    this.#options = { ...S3_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#bucketUrl = bucketUrlOf(this.#options);
    this.writesInFlightMax = this.#options.connectionsMax;
    const client = { ...this.#options, url: this.#bucketUrl, name: this.#name };
    this.#client = new HttpClient(client, deps);
  }

  /** The first request shows whether the store is there. */
  open(): Promise<void> {
    return this.#client.open();
  }

  mayHoldPayload(): boolean {
    return this.#client.isWriting;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    try {
      const name = objectNameOf(payload.blocks, payload.rowCount, this.#options);
      if (name === null) throw new WeirError('WEIR_SINK_REJECTED', 'these lines are no events');
      const answer = await this.#put(name, payload, signal);
      return judgeS3(answer, this.#name, this.#nowMs);
    } catch (error) {
      return retryAfterError(error);
    }
  }

  async #put(name: ObjectName, payload: SinkPayload, signal: AbortSignal): Promise<S3Answer> {
    const { compression, region, credentials } = this.#options;
    const { chunks } = await bodyOf(payload.blocks, 'ndjson', compression);
    const request = signedRequest(
      {
        method: 'PUT',
        path: encodedKey(name.key),
        headers: this.#headersOf(name, payload),
        chunks,
      },
      { bucketUrl: this.#bucketUrl, region, credentials, nowMs: this.#nowMs },
    );
    return this.#client.exchange(request, signal, answerOf);
  }

  #headersOf({ first, last }: ObjectName, { rowCount }: SinkPayload): Record<string, string> {
    const { compression, storageClass, serverSideEncryption, kmsKeyId } = this.#options;
    return {
      'Content-Type': CONTENT_TYPES[compression],
      'X-Amz-Meta-Weir-Rows': String(rowCount),
      'X-Amz-Meta-Weir-First': first,
      'X-Amz-Meta-Weir-Last': last,
      ...(storageClass === null ? {} : { 'X-Amz-Storage-Class': storageClass }),
      ...(serverSideEncryption === null
        ? {}
        : { 'X-Amz-Server-Side-Encryption': serverSideEncryption }),
      ...(kmsKeyId === null ? {} : { 'X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id': kmsKeyId }),
    };
  }

  get #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
  get #name(): string {
    return placeOf(this.#bucketUrl);
  }
}

const answerOf = async (response: Dispatcher.ResponseData): Promise<S3Answer> => ({
  status: response.statusCode,
  retryAfter: headerOf(response, 'retry-after'),
  text: await textOf(response, ANSWER_BYTES_MAX),
});
