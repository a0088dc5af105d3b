// What /metrics shows of spool and loader: read when it is scraped.
import type { ComponentMetrics, Consumer, Metrics } from '@weir/pipeline';
import type { Loader, LoaderStats } from '@weir/sinks/clickhouse';
import type { Spool } from '@weir/spool';
import type { GapWatch } from './gap-watch.js';

export function registerGauges(
  metrics: Metrics,
  spool: Spool,
  consumer: Consumer & Pick<GapWatch, 'missingEvents'>,
  loader: Loader,
): void {
  const stats = () => spool.stats();
  metrics.gauge('buffer_size_bytes', 'Bytes of the spool on disk.', () => stats().bytesUsed);
  metrics.gauge(
    'buffer_max_size_bytes',
    'Size at which the spool is full.',
    () => stats().bytesMax,
  );
  metrics.gauge('buffer_full', '1 while inputs are slowed.', () => (spool.isFull ? 1 : 0));
  metrics.gauge(
    'pending_event_count',
    'Durable events that are not in the store yet.',
    () => consumer.pendingEventCount,
  );
  metrics.gauge(
    'ledger_missing_events',
    'Numbers skipped and not declared, since the start.',
    () => consumer.missingEvents,
  );
  metrics.gauge(
    'source_lag_time_seconds',
    'Age of the oldest event on its way to the store.',
    () => loader.stats().lagMs / 1000,
  );
  metrics.gauge('store_up', '1 while the store takes inserts.', () =>
    loader.stats().state === 'ok' ? 1 : 0,
  );
}

/** Counters of the loader; it keeps totals itself, so a scrape adds what is new. */
export class LoaderMetrics {
  readonly #component: ComponentMetrics;
  readonly #loader: Loader;
  #shown: Pick<LoaderStats, 'storedEvents' | 'retryCount' | 'quarantinedByReason'>;

  constructor(metrics: Metrics, loader: Loader) {
    this.#component = metrics.component('clickhouse', 'sink', 'clickhouse');
    this.#loader = loader;
    this.#shown = { storedEvents: 0, retryCount: 0, quarantinedByReason: {} };
  }

  update(): void {
    const now = this.#loader.stats();
    this.#component.sent(now.storedEvents - this.#shown.storedEvents);
    for (let i = this.#shown.retryCount; i < now.retryCount; i++) {
      this.#component.error('insert_retried', 'sending');
    }
    for (const [reason, count] of Object.entries(now.quarantinedByReason)) {
      const fresh = count - (this.#shown.quarantinedByReason[reason] ?? 0);
      if (fresh > 0) this.#component.quarantined(fresh, reason);
    }
    this.#shown = { ...now, quarantinedByReason: { ...now.quarantinedByReason } };
  }
}
