// `weir replay`: what an s3 or file sink wrote goes to another Weir, each event once.
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { S3Reader } from '@weir/sinks/s3';
import { createWeirSink } from '@weir/sinks/weir';
import { Command, Option } from 'commander';
import { filesBelow } from '../replay/archive-files.js';
import { objectsBelow } from '../replay/archive-objects.js';
import { type ArchiveFile, type ReplayReport, replay } from '../replay/replay.js';
import { s3CredentialsOf } from '../run/sinks/s3-credentials.js';
import { integer } from './integer.js';
import { count } from './numbers.js';

interface ReplayFlags {
  readonly url?: string;
  readonly header: readonly string[];
  readonly endpoint?: string;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly patience: number;
  readonly dryRun?: true;
  readonly json?: true;
}

const REGION_DEFAULT = 'us-east-1';
const PATIENCE_SECONDS = 300;
/** Of one object: sending what is in it takes its time. */
const OBJECT_TIMEOUT_MS = 3_600_000;
const PROGRESS_MS = 2_000;

export function replayCommand(): Command {
  return new Command('replay')
    .argument('<archive...>', 'folders or files of JSON lines, or s3://BUCKET/PREFIX')
    .option('--url <url>', 'base address of the Weir that gets them; /ingest is added')
    .addOption(
      new Option(
        '--header <name: value>',
        'sent with each request, such as a token; again for more',
      )
        .default([], 'none')
        .argParser((text: string, before: readonly string[]) => [...before, text]),
    )
    .option('--endpoint <url>', 'of the store, for s3://; default that of AWS in the region')
    .option('--region <name>', 'of the bucket', REGION_DEFAULT)
    .option('--no-path-style', 'the bucket stands in the host name')
    .option(
      '--patience <seconds>',
      'how long the other Weir may be away at a time',
      integer(0, 86_400),
      PATIENCE_SECONDS,
    )
    .option('--dry-run', 'read and count, send nothing')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nReads what a sink of type s3 or file wrote (.ndjson, .jsonl, with .zst or .gz). Events keep tenant,' +
        '\nstream, epoch and seq, and are parsed again from their raw bytes: run it as often as you like, or' +
        '\ngo on after a break, and each event is stored once. The receiver must take the tenants' +
        '\n(forwarded_tenants) and must not be the node that the events first came to.' +
        '\nCredentials for s3:// are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.' +
        '\nExit codes: 0 all is there, 1 it could not go on, 2 wrong usage.',
    )
    .action(run);
}

async function run(archives: readonly string[], flags: ReplayFlags): Promise<void> {
  const { url, dryRun } = flags;
  if (url === undefined && dryRun === undefined)
    throw new WeirError('WEIR_USAGE', 'to which Weir? --url http://HOST:PORT, or --dry-run');
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  const headers = Object.fromEntries(flags.header.map(headerOf));
  const sink = dryRun || url === undefined ? null : createWeirSink({ url, headers });
  let saidAtMs = nodeClock.monotonicMs();
  try {
    const report = await replay({
      files: filesOf(archives, flags, stop.signal),
      ...{ sink, patienceMs: flags.patience * 1000, clock: nodeClock, timers: nodeTimers },
      signal: stop.signal,
      onFile: (name, soFar) => {
        if (nodeClock.monotonicMs() - saidAtMs < PROGRESS_MS) return;
        saidAtMs = nodeClock.monotonicMs();
        process.stderr.write(`${textOf(soFar)}, up to ${name}\n`);
      },
    });
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${textOf(report)}\n`);
    if (report.files === 0) throw new WeirError('WEIR_USAGE', 'there are no archives');
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    await sink?.close();
  }
}

const textOf = ({ files, events, repeated, otherLines }: ReplayReport): string =>
  [
    `${count(files)} files, ${count(events)} events`,
    ...(repeated === 0 ? [] : [`${count(repeated)} of them twice in the archive`]),
    ...(otherLines === 0 ? [] : [`${count(otherLines)} lines that are no events`]),
  ].join(', ');

async function* filesOf(
  archives: readonly string[],
  flags: ReplayFlags,
  signal: AbortSignal,
): AsyncGenerator<ArchiveFile> {
  for (const archive of archives) {
    const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(archive) ?? [];
    if (bucket === undefined) {
      yield* filesBelow(archive);
      continue;
    }
    const { region, pathStyle: isPathStyle } = flags;
    const endpoint = flags.endpoint ?? `https://s3.${region}.amazonaws.com`;
    const credentials = s3CredentialsOf('weir replay', {}, process.env);
    const reader = new S3Reader(
      { endpoint, bucket, region, credentials, isPathStyle, timeoutMs: OBJECT_TIMEOUT_MS },
      { clock: nodeClock, timers: nodeTimers },
    );
    try {
      yield* objectsBelow(reader, prefix, signal);
    } finally {
      await reader.close();
    }
  }
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z0-9-]+): *(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new WeirError('WEIR_USAGE', '--header is NAME: VALUE, such as "Authorization: Bearer X"');
  return [name, value];
}
