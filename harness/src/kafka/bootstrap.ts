// `scripts/kafka_bootstrap.sh`: a local Kafka with the topic of events, which runs until --stop.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { waitFor } from '../clock.js';
import { createTopic, loadRdKafka } from './client.js';
import { KafkaCluster } from './cluster.js';

const HELP = `Usage: scripts/kafka_bootstrap.sh [PORT] [--data DIR] [--topic NAME] [--partitions N]
       scripts/kafka_bootstrap.sh --stop [--data DIR]

Starts an Apache Kafka broker on 127.0.0.1:PORT (default 9092), makes the topic (default
$KAFKA_TOPIC or siem.events.v1, 6 partitions) and prints the line to export. The broker runs on
until --stop, and its data stays in DIR (default ./var/kafka). For trying things out only: one
broker, no encryption, loopback alone.

Exit codes: 0 done, 1 it did not start, 2 wrong usage or something is missing.
`;
const DEFAULT_PORT = 9092;
const DEFAULT_TOPIC = 'siem.events.v1';
const DEFAULT_PARTITIONS = 6;
const STOP_TIMEOUT_MS = 20_000;
const PORT_MAX = 65_535;

class UsageError extends Error {}

interface Wish {
  readonly port: number;
  readonly directory: string;
  readonly topic: string;
  readonly partitions: number;
  readonly isStop: boolean;
  readonly isHelp: boolean;
}

function parseWish(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      stop: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      data: { type: 'string', default: join('var', 'kafka') },
      topic: { type: 'string', default: process.env.KAFKA_TOPIC || DEFAULT_TOPIC },
      partitions: { type: 'string', default: String(DEFAULT_PARTITIONS) },
    },
  });
  if (positionals.length > 1) throw new UsageError(`one PORT, not ${positionals.join(' ')}`);
  return {
    port: wholeNumber('PORT', positionals[0] ?? String(DEFAULT_PORT), PORT_MAX),
    directory: resolve(values.data),
    topic: values.topic,
    partitions: wholeNumber('--partitions', values.partitions, 1_000),
    isStop: values.stop,
    isHelp: values.help,
  };
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`${name} must be 1 to ${max}, not ${text}`);
  return value;
}

const pidFile = (directory: string): string => join(directory, 'pid');

/** Of the broker that this script started in the directory; null when it does not run. */
function runningPid(directory: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile(directory), 'utf8'));
    // The number may belong to another process by now.
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('kafka.Kafka') && command.includes(directory) ? pid : null;
  } catch {
    return null;
  }
}

async function start({ directory, port, topic, partitions }: Wish): Promise<void> {
  if (runningPid(directory) !== null)
    throw new Error(`a broker runs already on ${directory}; --stop ends it`);
  // The topic is made with it: better to know before anything runs.
  loadRdKafka();
  mkdirSync(directory, { recursive: true });
  const cluster = await KafkaCluster.start({ directory, port, outlivesStarter: true });
  writeFileSync(pidFile(directory), `${cluster.pids[0]}\n`);
  const isNew = await createTopic(cluster.brokers, { topic, partitions });
  const made = isNew ? `made with ${partitions} partitions` : 'was there already';
  console.log(`Kafka is ready on ${cluster.brokers}; topic ${topic} ${made}; data in ${directory}`);
  console.log(`export KAFKA_BROKERS=${cluster.brokers}`);
}

async function stop({ directory }: Wish): Promise<void> {
  const pid = runningPid(directory);
  rmSync(pidFile(directory), { force: true });
  if (pid === null) {
    console.log(`no broker of this script runs on ${directory}`);
    return;
  }
  process.kill(pid, 'SIGTERM');
  const isGone = async (): Promise<boolean> => !isAlive(pid);
  if (!(await waitFor(isGone, STOP_TIMEOUT_MS))) process.kill(pid, 'SIGKILL');
  console.log('Kafka is stopped');
}

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const wish = parseWish(process.argv.slice(2));
  if (wish.isHelp) process.stdout.write(HELP);
  else if (wish.isStop) await stop(wish);
  else await start(wish);
}

try {
  await main();
} catch (error) {
  const { message, code } = error as Error & { code?: string };
  const isUsage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(`kafka_bootstrap: ${message}${isUsage ? '; see --help' : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
