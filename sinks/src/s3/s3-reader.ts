// Objects out of an S3-compatible store: their names in order, and each as a stream of bytes.
import { WeirError } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { HttpClient, textOf } from '../http/client.js';
import { placeOf } from '../http/setup.js';
import { errorText } from './judge.js';
import { S3_SINK_DEFAULTS, type S3SinkDependencies, type S3SinkOptions } from './options.js';
import { bucketUrlOf, encodedKey, encodedPart, signedRequest } from './signed-request.js';

export type S3ReaderOptions = Pick<
  S3SinkOptions,
  'endpoint' | 'bucket' | 'region' | 'credentials' | 'isPathStyle' | 'tlsCaFile' | 'timeoutMs'
>;

/** A thousand keys with their attributes take some 300 KiB. */
const LIST_BYTES_MAX = 16 * 1024 * 1024;
const ERROR_BYTES_MAX = 64 * 1024;

export class S3Reader {
  readonly #options: Required<S3ReaderOptions>;
  readonly #deps: S3SinkDependencies;
  readonly #bucketUrl: URL;
  readonly #client: HttpClient;

  /** Throws WEIR_CONFIG_INVALID for an endpoint that no request can have. */
  constructor(options: S3ReaderOptions, deps: S3SinkDependencies) {
    this.#options = { ...S3_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#bucketUrl = bucketUrlOf(this.#options);
    const client = { ...this.#options, url: this.#bucketUrl, name: this.#name, connectionsMax: 1 };
    this.#client = new HttpClient(client, deps);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /**
   * Keys in the order of their bytes (ListObjectsV2). Rejects with WEIR_SINK_UNREACHABLE or
   * WEIR_SINK_REJECTED, as does `read`.
   */
  async *keys(prefix: string, signal: AbortSignal): AsyncGenerator<string> {
    let token: string | null = null;
    do {
      const query: string[] = [
        ...(token === null ? [] : [`continuation-token=${encodedPart(token)}`]),
        'encoding-type=url',
        'list-type=2',
        `prefix=${encodedPart(prefix)}`,
      ];
      const path = `?${query.join('&')}`;
      const xml: string = await this.#get(path, signal, (body) => textOf(body, LIST_BYTES_MAX));
      for (const [, key = ''] of xml.matchAll(/<Key>([^<]*)<\/Key>/g))
        yield decodeURIComponent(key.replaceAll('+', ' '));
      const [, next] = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml) ?? [];
      token = /<IsTruncated>true</.test(xml) ? unescaped(next ?? '') : null;
    } while (token !== null);
  }

  /** `use` is given the object's bytes as they come, and is waited for. */
  read<T>(
    key: string,
    signal: AbortSignal,
    use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    return this.#get(encodedKey(key), signal, (response) => use(response.body));
  }

  #get<T>(
    path: string,
    signal: AbortSignal,
    use: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    const { region, credentials } = this.#options;
    const nowMs = Number(this.#deps.clock.nowNs() / 1_000_000n);
    const request = signedRequest(
      { method: 'GET', path, headers: {} },
      { bucketUrl: this.#bucketUrl, region, credentials, nowMs },
    );
    return this.#client.exchange(request, signal, async (response) => {
      if (response.statusCode === 200) return use(response);
      const text = await textOf(response, ERROR_BYTES_MAX);
      throw new WeirError(
        'WEIR_SINK_REJECTED',
        `${this.#name} cannot be read: ${errorText(response.statusCode, text)}`,
      );
    });
  }

  get #name(): string {
    return placeOf(this.#bucketUrl);
  }
}

/** A token is base64: of what XML escapes it can have no other. */
const unescaped = (text: string): string => text.replaceAll('&amp;', '&');
