// `weir spool fsck`: does every byte check?
import { type FsckReport, findingOf, fsckSpool } from '@weir/spool';
import { Command } from 'commander';
import { findingLines, verdictLines } from './fsck-text.js';
import { intentFinding } from './intent.js';
import { findSpool, foldersBeside, type SpoolPlace, withSentences } from './place.js';
import { Progress, toJson } from './text.js';

export function fsckCommand(): Command {
  return new Command('fsck')
    .description('Check every byte of a spool and of the ledgers beside it; change nothing.')
    .argument('<dir>', 'data directory of an instance, or its folder spool')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nA finding says where, what, which numbers of which stream, what the next start makes of it,\n' +
        'and what you can do. What a crash leaves by design (a torn end) is a note, not a finding.\n\n' +
        'Examples:\n' +
        '  weir spool fsck weir-data\n' +
        "  weir spool fsck weir-data --json | jq '.findings[].what'\n\n" +
        'Exit codes: 0 clean, 1 findings, 2 no spool there, or none that this version reads.',
    )
    .action(fsck);
}

async function fsck(given: string, flags: { readonly json?: true }): Promise<void> {
  const place = await findSpool(given);
  const { report, seconds } = await checkPlace(place);
  process.exitCode = report.isClean ? 0 : 1;
  process.stdout.write(
    `${flags.json ? jsonOf(place, report, seconds) : textOf(place, report, seconds)}\n`,
  );
}

/** A deep check, with progress on a terminal. */
export async function checkPlace(
  place: SpoolPlace,
): Promise<{ readonly report: FsckReport; readonly seconds: number }> {
  const progress = new Progress('checking');
  const { files, spoolDirectory, dataDirectory, prefix, pid } = place;
  const report = await withSentences(place, () =>
    fsckSpool({
      files,
      directory: spoolDirectory,
      prefix,
      ...foldersBeside(dataDirectory),
      isLive: pid !== null,
      isDeep: true,
      onProgress: progress.show,
    }),
  );
  return { report: withIntent(place, report), seconds: progress.end() };
}

/** The loader's intent belongs to the ClickHouse sink, not to the spool. */
export function withIntent({ dataDirectory }: SpoolPlace, report: FsckReport): FsckReport {
  const what = dataDirectory === null ? null : intentFinding(dataDirectory);
  if (what === null) return report;
  const finding = findingOf('intent_damaged', 'loader/loader-intent.json', what);
  return { ...report, isClean: false, findings: [...report.findings, finding] };
}

function textOf(place: SpoolPlace, report: FsckReport, seconds: number): string {
  const paragraphs = [...report.findings, ...report.notes].map((finding) => {
    const [head = '', ...rest] = findingLines(finding);
    return finding.severity === 'note' ? [`note: ${head}`] : [head, ...rest];
  });
  const running =
    place.pid === null
      ? []
      : [`process ${place.pid} runs on it: what it is writing right now was left out`];
  return [...paragraphs.flat(), ...running, ...verdictLines(report, seconds)].join('\n');
}

function jsonOf(place: SpoolPlace, report: FsckReport, seconds: number): string {
  const { isClean, findings, notes, segmentCount, frameCount, eventCount, bytesRead } = report;
  return toJson({
    directory: place.spoolDirectory,
    runningPid: place.pid,
    isClean,
    findings,
    notes,
    segmentCount,
    frameCount,
    eventCount,
    bytesRead,
    seconds,
  });
}
