// `weir loader` as a process that tests kill, freeze and start again.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceProcess } from './service-process.js';

const WEIR = fileURLToPath(new URL('../../collector/bin/weir.js', import.meta.url));
const READY_TIMEOUT_MS = 60_000;

export interface LoaderOptions {
  /** Exists; the log LOADER-NAME.log goes there. */
  readonly directory: string;
  readonly name: string;
  /** KAFKA_BROKERS, KAFKA_TOPIC, CLICKHOUSE_URL and the like. */
  readonly environment: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Ready once it has said where it loads to. */
export function loaderProcess(options: LoaderOptions): ServiceProcess {
  const { directory, name, environment, flags = [] } = options;
  return new ServiceProcess({
    name: `loader ${name}`,
    command: 'env',
    args: [
      'NODE_OPTIONS=',
      ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      ...[process.execPath, WEIR, 'loader', ...flags],
    ],
    directory,
    logFile: join(directory, `loader-${name}.log`),
    isReady: (log) => log.includes('\nto '),
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
}
