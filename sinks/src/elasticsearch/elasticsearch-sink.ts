// Documents into Elasticsearch or OpenSearch by bulk requests of `create` actions. The `_id` is
// that of the event, so one that comes again is answered with 409, and that is as good as 201.
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { bodyOf } from '../http/body.js';
import { HttpClient, headerOf, textOf } from '../http/client.js';
import { retryAfterError } from '../http/judge.js';
import { Progress } from '../http/progress.js';
import { headersOf, httpUrlOf, placeOf } from '../http/setup.js';
import { bulkBody } from './encode-bulk.js';
import { type BulkAnswer, type BulkItem, itemFailure, judgeBulk } from './judge.js';
import {
  ELASTICSEARCH_SINK_DEFAULTS,
  type ElasticsearchSinkDependencies,
  type ElasticsearchSinkOptions,
} from './options.js';

/** Of the answer to one request: some hundred bytes for each document at most. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** What of the answer is looked at; the rest need not be sent. */
const FILTER_PATH = ['status', 'error.type', 'error.reason', 'error.caused_by']
  .map((path) => `items.*.${path}`)
  .concat('error')
  .join(',');
const NO_ROWS = new Uint32Array(0);

export interface ElasticsearchSink extends Sink {
  /** `write` may be called again before this many others have ended. */
  readonly writesInFlightMax: number;
}

/** Throws WEIR_CONFIG_INVALID for a url, key or header that no request can have. */
export function createElasticsearchSink(
  options: ElasticsearchSinkOptions,
  deps: ElasticsearchSinkDependencies,
): ElasticsearchSink {
  return new BulkSink(options, deps);
}

class BulkSink implements ElasticsearchSink {
  readonly writesInFlightMax: number;
  readonly #options: Required<ElasticsearchSinkOptions>;
  readonly #deps: ElasticsearchSinkDependencies;
  readonly #url: URL;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #client: HttpClient;

  constructor(options: ElasticsearchSinkOptions, deps: ElasticsearchSinkDependencies) {
    this.#options = { ...ELASTICSEARCH_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#url = httpUrlOf(options.url, 'an elasticsearch sink');
    const { apiKey, compression, connectionsMax, headers, pipeline } = this.#options;
    this.writesInFlightMax = connectionsMax;
    const query = new URLSearchParams({ filter_path: FILTER_PATH });
    if (pipeline !== null) query.set('pipeline', pipeline);
    this.#path = `${this.#url.pathname.replace(/\/+$/, '')}/_bulk?${query}`;
    const kind = { type: 'application/x-ndjson', compression };
    const own: Record<string, string> =
      apiKey === null ? {} : { Authorization: `ApiKey ${apiKey}` };
    this.#headers = headersOf(this.#url, headers, kind, own);
    this.#client = new HttpClient({ ...this.#options, url: this.#url, name: this.#name }, deps);
  }

  open(): Promise<void> {
    return this.#client.open();
  }

  /** Bodies are copies. */
  mayHoldPayload(): boolean {
    return false;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const progress = Progress.of(payload);
    if (progress.pendingCount === 0) return progress.outcome();
    try {
      const rows = progress.pendingRows();
      const answer = await this.#exchange(progress, signal);
      const nowMs = Number(this.#deps.clock.nowNs() / 1_000_000n);
      const verdict = judgeBulk(answer, rows.length, this.#name, nowMs);
      if (verdict.kind === 'bad_body')
        return { kind: 'rejected', rows: NO_ROWS, isWhole: true, failure: verdict.failure };
      if (verdict.kind === 'retry') return verdict;
      return this.#note(progress, rows, verdict.items);
    } catch (error) {
      return retryAfterError(error);
    }
  }

  async #exchange(progress: Progress, signal: AbortSignal): Promise<BulkAnswer> {
    const lines = bulkBody(progress.pendingChunks());
    const body = await bodyOf([lines], 'ndjson', this.#options.compression);
    return this.#client.exchange(
      { method: 'POST', path: this.#path, headers: this.#headers, chunks: body.chunks },
      signal,
      answerOf,
    );
  }

  /** Documents that were not taken come again alone. */
  #note(progress: Progress, rows: readonly number[], items: readonly BulkItem[]): SinkOutcome {
    let waiting: BulkItem | null = null;
    items.forEach((item, i) => {
      const row = rows[i] as number;
      if (item.kind === 'taken') progress.take(row);
      else if (item.kind === 'refused') progress.refuse(row, itemFailure(item, this.#name));
      else waiting ??= item;
    });
    return waiting === null
      ? progress.outcome()
      : this.#again(waiting, progress.pendingCount, rows.length);
  }

  #again({ status, reason }: BulkItem, count: number, of: number): SinkOutcome {
    const message = `${this.#name} did not take ${count} of ${of} events yet (HTTP ${status}: ${reason})`;
    const failure = { code: 'WEIR_SINK_REJECTED', message, details: { status } } as const;
    return { kind: 'retry', afterMs: null, failure };
  }

  /** Without user, password and query, which may hold a secret. */
  get #name(): string {
    return placeOf(this.#url);
  }
}

const answerOf = async (response: Dispatcher.ResponseData): Promise<BulkAnswer> => ({
  status: response.statusCode,
  retryAfter: headerOf(response, 'retry-after'),
  text: await textOf(response, ANSWER_BYTES_MAX),
});
