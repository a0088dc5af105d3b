// `weir spool inspect`: what is in a spool.
import { nodeClock } from '@weir/pipeline/node';
import {
  type FrameSums,
  hex,
  type OverviewStream,
  overviewOf,
  type SpoolOverview,
} from '@weir/spool';
import { Command } from 'commander';
import { bytes, count } from '../numbers.js';
import { findSpool, type SpoolPlace, withSentences } from './place.js';
import { age, Progress, plural, table, toJson } from './text.js';

interface InspectFlags {
  readonly stream?: string;
  readonly segments?: true;
  readonly json?: true;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Show what is in a spool: streams, numbers, ages, what each sink has before it.')
    .argument('<dir>', 'data directory of an instance, or its folder spool')
    .option('--stream <name>', 'only streams whose name has this in it, also those without frames')
    .option('--segments', 'also the segments, one by one')
    .option('--json', 'everything as JSON')
    .addHelpText(
      'after',
      '\nReads headers only and changes nothing; a running instance is not disturbed.\n\n' +
        'Examples:\n' +
        '  weir spool inspect weir-data\n' +
        '  weir spool inspect weir-data --stream syslog_tcp --segments\n' +
        "  weir spool inspect weir-data --json | jq '.consumers[].eventCount'\n\n" +
        'Exit codes: 0 done, 2 no spool there, or none that this version reads.',
    )
    .action(inspect);
}

async function inspect(given: string, flags: InspectFlags): Promise<void> {
  const place = await findSpool(given);
  const progress = new Progress('reading headers:');
  const overview = await withSentences(place, () =>
    overviewOf({
      files: place.files,
      directory: place.spoolDirectory,
      isLive: place.pid !== null,
      consumers: place.sinks,
      onProgress: progress.show,
    }),
  );
  progress.end();
  const asked = flags.stream;
  const streams =
    asked === undefined
      ? overview.streams
      : overview.streams.filter(({ stream }) => stream.includes(asked));
  const shown = { ...overview, streams };
  const running = { directory: place.spoolDirectory, runningPid: place.pid };
  process.stdout.write(
    `${flags.json ? toJson({ ...running, ...shown }) : textOf(shown, place, flags)}\n`,
  );
}

function textOf(overview: SpoolOverview, place: SpoolPlace, flags: InspectFlags): string {
  const nowNs = nodeClock.nowNs();
  return [
    ...headLines(overview, place, nowNs),
    '',
    ...streamLines(overview, flags, nowNs),
    '',
    ...consumerLines(overview, nowNs),
    ...(flags.segments ? ['', ...segmentLines(overview, nowNs)] : []),
    ...noteLines(overview),
  ].join('\n');
}

function headLines(overview: SpoolOverview, place: SpoolPlace, nowNs: bigint): string[] {
  const { totals, segments } = overview;
  const state =
    place.pid === null
      ? 'stopped'
      : `process ${place.pid} runs on it; figures are those of a moment`;
  const packed = totals.bytes === 0 ? '' : `, ${bytes(totals.rawBytes)} before compression`;
  return [
    `spool      ${place.spoolDirectory} (${state})`,
    `node       ${overview.nodeId ?? 'none yet'}, store ${overview.storeUuid ?? 'none yet'}, format ${overview.formatVersion}`,
    `on disk    ${bytes(overview.bytesUsed)} in ${plural(segments.length, 'segment')}${packed}; ${bytes(overview.freeBytes)} free`,
    `holds      ${plural(totals.eventCount, 'event')} in ${plural(totals.frameCount, 'frame')}, received ${ages(totals, nowNs)}`,
  ];
}

const ages = ({ oldestNs, newestNs }: FrameSums, nowNs: bigint): string =>
  oldestNs === null ? 'never' : `${age(oldestNs, nowNs)} to ${age(newestNs, nowNs)} ago`;

function streamLines(overview: SpoolOverview, flags: InspectFlags, nowNs: bigint): string[] {
  const isShown = ({ frameCount }: OverviewStream): boolean =>
    frameCount > 0 || flags.stream !== undefined;
  const streams = overview.streams.filter(isShown);
  const hidden = overview.streams.length - streams.length;
  const head = ['TENANT', 'STREAM', 'EPOCH', 'NUMBERS', 'EVENTS', 'BYTES', 'OLDEST', 'NEWEST'];
  const rows = streams.map((one) => [
    one.tenant,
    one.isOwn ? one.stream : `${one.stream} (forwarded)`,
    String(one.epoch),
    one.seqFirst < 0 ? `- (last ${one.lastSeq})` : `${one.seqFirst}..${one.seqLast}`,
    count(one.eventCount),
    bytes(one.bytes),
    age(one.oldestNs, nowNs),
    age(one.newestNs, nowNs),
  ]);
  const lines =
    rows.length === 0 ? ['no stream has frames here'] : table(head, rows, [3, 4, 5, 6, 7]);
  if (hidden > 0)
    lines.push(`and ${count(hidden)} epochs of streams without frames here (--stream shows them)`);
  return lines;
}

function consumerLines({ consumers }: SpoolOverview, nowNs: bigint): string[] {
  if (consumers.length === 0) return ['no sink has read from this spool'];
  const head = ['SINK', 'PENDING EVENTS', 'FRAMES', 'BYTES', 'OLDEST', 'STANDS BEHIND'];
  const rows = consumers.map((one) => [
    one.name,
    count(one.eventCount),
    count(one.frameCount),
    bytes(one.bytes),
    age(one.oldestNs, nowNs),
    one.isDamaged
      ? 'its file is damaged: it would begin at the oldest frame'
      : one.frontier === null
        ? 'nothing: it begins at the oldest frame'
        : `frame ${one.frontier.frameNo} of segment ${hex(one.frontier.segmentId)}`,
  ]);
  return table(head, rows, [1, 2, 3, 4]);
}

const STATES = {
  sealed: 'sealed',
  cut_short: 'cut short',
  open: 'open',
  unfinished: 'unfinished',
} as const;

function segmentLines({ segments }: SpoolOverview, nowNs: bigint): string[] {
  const head = ['SEGMENT', 'STATE', 'FRAMES', 'EVENTS', 'FILE', 'OLDEST', 'NEWEST', 'DAMAGED'];
  const rows = segments.map((one) => [
    hex(one.id),
    STATES[one.state],
    count(one.frameCount),
    count(one.eventCount),
    bytes(one.fileBytes),
    age(one.oldestNs, nowNs),
    age(one.newestNs, nowNs),
    one.damagedRangeCount === 0 ? '-' : `${one.damagedRangeCount} places`,
  ]);
  return segments.length === 0 ? ['no segments'] : table(head, rows, [2, 3, 4, 5, 6]);
}

function noteLines(overview: SpoolOverview): string[] {
  const { quarantine, foreignNames, damagedRangeCount, treeFileCount } = overview;
  const lines: string[] = [];
  if (treeFileCount > 0) lines.push(`evidence   ${plural(treeFileCount, 'file')} in tree/`);
  if (quarantine.fileCount > 0)
    lines.push(`quarantine ${plural(quarantine.fileCount, 'file')}, ${bytes(quarantine.bytes)}`);
  if (foreignNames.length > 0)
    lines.push(
      `${count(foreignNames.length)} segments of another spool: ${foreignNames.join(', ')}`,
    );
  if (damagedRangeCount > 0)
    lines.push(`${plural(damagedRangeCount, 'damaged place')}: weir spool fsck says which`);
  return lines.length === 0 ? [] : ['', ...lines];
}
