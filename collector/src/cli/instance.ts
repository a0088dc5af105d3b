// Finding an instance: its data directory, its tables, and the store that belongs to it.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { startEmbeddedStore } from '@weir/sinks/clickhouse';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { readRunFile } from '../run/data-directory.js';

const STORE_LOOK_INTERVAL_MS = 250;

export interface InstanceFlags {
  readonly config?: string;
  readonly data?: string;
  readonly url?: string;
}

export interface Instance {
  readonly directory: string;
  readonly isRunning: boolean;
  /** Null means the embedded store of the directory, which has to be started. */
  readonly storeUrl: string | null;
  readonly eventsTable: string;
  readonly config: Config;
}

export function addInstanceOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration of the instance, as for run')
    .option('--data <dir>', 'its data directory (default as for run)')
    .option('--url <url>', 'a ClickHouse server that holds its tables');
}

/**
 * What runs on the directory comes first, then what `weir run` would read, then flags over both.
 */
export function findInstance(flags: InstanceFlags): Instance {
  const { config } = loadConfig({ config: flags.config, data: flags.data }, process.env);
  const directory = resolve(config.data_dir);
  if (existsSync(directory) && !statSync(directory).isDirectory())
    throw new WeirError('WEIR_USAGE', `${directory} is a file; name the data directory`);
  const running = readRunFile(directory);
  const configured = config.store.url === '' ? null : config.store.url;
  return {
    directory,
    isRunning: running !== null,
    storeUrl: flags.url ?? running?.storeUrl ?? configured,
    eventsTable: running?.eventsTable ?? config.store.events_table,
    config,
  };
}

/**
 * Calls `use` with the instance, and again with what it says then while the store of a running one
 * starts or comes back, for `waitMs` at most; `use` is told what is left of that.
 */
export async function withInstance<T>(
  flags: InstanceFlags,
  waitMs: number,
  use: (instance: Instance, leftMs: number) => Promise<T>,
): Promise<T> {
  const endMs = nodeClock.monotonicMs() + waitMs;
  for (;;) {
    const instance = findInstance(flags);
    try {
      return await use(instance, Math.max(0, endMs - nodeClock.monotonicMs()));
    } catch (error) {
      const isAway = error instanceof WeirError && error.code === 'WEIR_STORE_UNREACHABLE';
      if (!isAway || !instance.isRunning || nodeClock.monotonicMs() >= endMs) throw error;
    }
    await nodeTimers.sleep(STORE_LOOK_INTERVAL_MS);
  }
}

/** Calls `use` with the URL of the store; the embedded one is started for this command only. */
export async function withStoreUrl<T>(
  instance: Instance,
  use: (url: string) => Promise<T>,
): Promise<T> {
  if (instance.storeUrl !== null) return use(instance.storeUrl);
  const storeDirectory = join(instance.directory, 'store');
  if (!existsSync(storeDirectory)) {
    throw new WeirError(
      'WEIR_NOT_RUNNING',
      instance.isRunning
        ? `what runs on ${instance.directory} has no ClickHouse sink: there is no store to read; ` +
            'weir tap shows its events, and --url names a server'
        : `nothing runs on ${instance.directory} and it holds no store; start one with weir run, or ` +
            'name it with --data',
    );
  }
  const engine = await startEmbeddedStore({ directory: storeDirectory, log: () => {} });
  try {
    return await use(engine.url);
  } finally {
    await engine.stop();
  }
}
