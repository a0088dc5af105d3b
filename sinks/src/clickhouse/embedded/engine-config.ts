// Server settings of the embedded engine, sized for a small machine that also runs the collector.
// The engine's defaults assume a server of its own: caches of 5 GiB each and pools of 1,000
// threads.

const MiB = 1024 * 1024;

export interface EngineLimits {
  /** Bytes the engine may use in all; a query beyond it fails with MEMORY_LIMIT_EXCEEDED. */
  readonly memoryBytesMax: number;
  readonly mergeThreads: number;
}

/**
 * A third of the machine, at least 768 MiB and at most 4 GiB: merges of wide parts need some
 * hundred MiB, and the rest belongs to the page cache and to the collector.
 */
export function engineLimits(machineMemoryBytes: number, cpuCount: number): EngineLimits {
  const third = Math.floor(machineMemoryBytes / 3);
  return {
    memoryBytesMax: Math.min(Math.max(third, 768 * MiB), 4096 * MiB),
    mergeThreads: Math.max(1, Math.min(4, Math.floor(cpuCount / 2))),
  };
}

/**
 * The configuration file (XML), for chdb's `--config-file`. BACKUP and RESTORE may use files below
 * `backupsDirectory` alone.
 */
export function engineConfigXml(limits: EngineLimits, backupsDirectory: string): string {
  const cache = Math.floor(limits.memoryBytesMax / 32);
  const settings: Record<string, number | string> = {
    max_server_memory_usage: limits.memoryBytesMax,
    mark_cache_size: cache,
    primary_index_cache_size: cache,
    index_mark_cache_size: cache,
    text_index_tokens_cache_size: cache,
    text_index_header_cache_size: cache,
    text_index_postings_cache_size: cache,
    vector_similarity_index_cache_size: 1 * MiB,
    iceberg_metadata_files_cache_size: 1 * MiB,
    parquet_metadata_cache_size: 1 * MiB,
    query_condition_cache_size: 16 * MiB,
    compiled_expression_cache_size: 16 * MiB,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    max_thread_pool_size: 256,
    max_thread_pool_free_size: 16,
    max_io_thread_pool_size: 16,
    background_pool_size: limits.mergeThreads,
    background_merges_mutations_concurrency_ratio: 1,
    background_schedule_pool_size: 2,
    background_schedule_pool_initial_size: 2,
    background_common_pool_size: 1,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
  };
  const lines = Object.entries(settings).map(([name, value]) => `  <${name}>${value}</${name}>`);
  return [
    '<clickhouse>',
    '  <logger><level>none</level><console>0</console></logger>',
    ...lines,
    `  <backups><allowed_path>${xmlText(backupsDirectory)}</allowed_path></backups>`,
    '</clickhouse>',
    '',
  ].join('\n');
}

const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Session settings of every connection; a request's own settings override them. */
export const BASE_SETTINGS: Readonly<Record<string, string>> = {
  // The engine accepts the setting and ignores it, a server honours it: the same text for both.
  async_insert: '0',
  // chdb runs `1 + 1` as a SELECT; a server does not.
  implicit_select: '0',
  // One process reads its own files: mmap would charge the page cache to this process.
  storage_file_read_method: 'pread',
  date_time_input_format: 'best_effort',
};
