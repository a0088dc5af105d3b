// A real redis-server on 127.0.0.1 that a test starts, kills and starts again.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../clock.js';
import { freePort } from '../ports.js';
import { ServiceProcess } from '../service-process.js';

export interface RedisOptions {
  /** Data and log lie in it; it is not removed. */
  readonly directory: string;
  /** Every write is synced to the append-only file before its answer. Default false: no file. */
  readonly durable?: boolean;
  /** Default: none. */
  readonly password?: string;
}

const READY_LINE = 'Ready to accept connections';
const START_TIMEOUT_MS = 20_000;

/** Of this process. */
let startCount = 0;

/** Why no Redis can be started here, with the command that changes it; null when one can. */
export function whatRedisLacks(): string | null {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0) return null;
  return 'redis-server is missing: apt-get install redis-server';
}

export class RedisServer {
  readonly port: number;
  /** As REDIS_URL takes it. */
  readonly url: string;
  /** `kill()` (SIGKILL), `stop()`, `start()` again, `pause()` (SIGSTOP), `resume()`. */
  readonly process: ServiceProcess;

  private constructor(port: number, password: string | undefined, process: ServiceProcess) {
    this.port = port;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    this.url = `redis://${credentials}127.0.0.1:${port}`;
    this.process = process;
  }

  /** Resolves when it answers. Throws a sentence when redis-server is missing. */
  static async start(options: RedisOptions): Promise<RedisServer> {
    const lack = whatRedisLacks();
    if (lack !== null) throw new Error(lack);
    const { directory, durable = false, password } = options;
    mkdirSync(directory, { recursive: true });
    const port = await freePort(seeded(process.pid + 15_485_863 * ++startCount));
    const server = new ServiceProcess({
      name: 'redis-server',
      command: 'redis-server',
      args: [
        ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', ''],
        ...['--appendonly', durable ? 'yes' : 'no', '--appendfsync', 'always'],
        ...(password === undefined ? [] : ['--requirepass', password]),
      ],
      directory,
      logFile: join(directory, 'log'),
      isReady: (log) => log.includes(READY_LINE),
      readyTimeoutMs: START_TIMEOUT_MS,
    });
    await server.start();
    return new RedisServer(port, password, server);
  }
}
