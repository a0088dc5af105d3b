// Finding an instance: its data directory, and the store that belongs to it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { startEmbeddedStore } from '@weir/sinks/clickhouse';
import { loadConfig } from '../config/load.js';
import { readRunFile } from '../run/data-directory.js';

/** --data, else what the configuration that `weir run` would read says. */
export function resolveDataDirectory(flag: string | undefined): string {
  return flag ?? loadConfig({}, process.env).config.data_dir;
}

/**
 * Calls `use` with the URL of the store: `url` if given, that of the running instance,
 * CLICKHOUSE_URL, or else the engine on DIR/store, started for this command only.
 */
export async function withStoreUrl<T>(
  directory: string,
  url: string | undefined,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const known = url ?? readRunFile(directory)?.storeUrl ?? process.env.CLICKHOUSE_URL;
  if (known !== undefined && known !== '') return use(known);
  const storeDirectory = join(directory, 'store');
  if (!existsSync(storeDirectory)) {
    throw new WeirError(
      'WEIR_NOT_RUNNING',
      `nothing runs on ${directory} and it holds no store; start one with weir run, or name it with --data`,
    );
  }
  const engine = await startEmbeddedStore({ directory: storeDirectory, log: () => {} });
  try {
    return await use(engine.url);
  } finally {
    await engine.stop();
  }
}
