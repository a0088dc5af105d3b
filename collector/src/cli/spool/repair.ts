// `weir spool repair`: what can be mended without a person, on a stopped instance.
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import {
  ACTION_TEXTS,
  type FsckReport,
  planRepair,
  type RepairResult,
  type RepairStep,
  repairSpool,
} from '@weir/spool';
import { Command } from 'commander';
import { type DataDirectory, openDataDirectory } from '../../run/data-directory.js';
import { checkPlace, withIntent } from './fsck.js';
import { findingLines } from './fsck-text.js';
import { findSpool, foldersBeside, type SpoolPlace, withSentences } from './place.js';
import { plural, rangesText, toJson } from './text.js';

interface RepairFlags {
  readonly yes?: true;
  readonly json?: true;
}

export function repairCommand(): Command {
  return new Command('repair')
    .description(
      'Mend what fsck finds, on a stopped instance; without --yes only say what would be done.',
    )
    .argument('<dir>', 'data directory of a stopped instance, or its folder spool')
    .option('--yes', 'do it')
    .option('--json', 'plan or result as JSON')
    .addHelpText(
      'after',
      '\nRuns what every start runs (recovery), and besides declares lost what can be read no more,\n' +
        'makes damaged small files anew and moves segments of other spools aside. Whatever is replaced\n' +
        'is in quarantine/ first, with a line in quarantine/manifest.ndjson that says when, what and\n' +
        'why. Segments are never changed, and no frame that a sink still needs is deleted.\n\n' +
        'Examples:\n' +
        '  weir spool repair weir-data          # the plan\n' +
        '  weir spool repair weir-data --yes    # do it, then check again\n\n' +
        'Exit codes: 0 clean afterwards, or nothing to do; 1 something is left, or a plan that was not\n' +
        'done; 2 the instance runs, or there is no spool there.',
    )
    .action(repair);
}

async function repair(given: string, flags: RepairFlags): Promise<void> {
  const place = await findSpool(given);
  const directory = place.dataDirectory ?? place.spoolDirectory;
  if (place.pid !== null)
    throw new WeirError(
      'WEIR_DATA_DIR_LOCKED',
      `process ${place.pid} runs on ${directory}; stop it first, then repair`,
    );
  // Also for the plan: what a starting instance changes meanwhile is no damage.
  const lock: DataDirectory = openDataDirectory(directory);
  try {
    const { report } = await checkPlace(place);
    if (flags.yes) await doIt(place, report, flags);
    else printPlan(report, flags);
  } finally {
    lock.release();
  }
}

function printPlan(report: FsckReport, flags: RepairFlags): void {
  const steps = planRepair(report);
  process.exitCode = report.isClean ? 0 : 1;
  if (flags.json) {
    process.stdout.write(`${toJson({ isDone: false, isClean: report.isClean, steps })}\n`);
    return;
  }
  const text =
    steps.length === 0
      ? ['nothing to do: every byte checks']
      : [
          ...steps.flatMap(stepLines),
          `${plural(steps.length, 'step')}; nothing was done, --yes does it`,
        ];
  process.stdout.write(`${text.join('\n')}\n`);
}

async function doIt(place: SpoolPlace, report: FsckReport, flags: RepairFlags): Promise<void> {
  const { files, spoolDirectory, dataDirectory, prefix } = place;
  if (planRepair(report).length === 0) {
    printPlan(report, flags);
    return;
  }
  const result = await withSentences(place, () =>
    repairSpool(
      {
        files,
        clock: nodeClock,
        timers: nodeTimers,
        random: nodeRandom,
        directory: spoolDirectory,
        prefix,
        ...foldersBeside(dataDirectory),
      },
      report,
    ),
  );
  const after = withIntent(place, result.after);
  process.exitCode = after.isClean ? 0 : 1;
  const { steps, recovery, lostEventCount } = result;
  const text = flags.json
    ? toJson({ isDone: true, isClean: after.isClean, steps, recovery, lostEventCount, after })
    : resultText(result, after);
  process.stdout.write(`${text}\n`);
}

function stepLines({ action, finding }: RepairStep): string[] {
  const [head = ''] = findingLines(finding);
  const numbers = finding.numbers
    .filter(({ ranges }) => ranges.length > 0)
    .map(
      ({ tenant, stream, epoch, ranges }) =>
        `  numbers   ${rangesText(ranges)} of ${tenant} ${stream} epoch ${epoch}`,
    );
  return [head, ...numbers, `  repair    ${ACTION_TEXTS[action]}`];
}

function resultText({ steps, recovery, lostEventCount }: RepairResult, after: FsckReport): string {
  // Both name what the recovery itself declared.
  const inRecovery = recovery.lost.reduce((sum, { eventCount }) => sum + eventCount, 0);
  const lost = Math.max(lostEventCount, inRecovery);
  const done = [
    `${plural(steps.filter(({ action }) => action !== 'leave').length, 'step')} done`,
    lost === 0 ? 'no event was lost' : `${plural(lost, 'event')} declared lost (spool_corruption)`,
  ].join(', ');
  return [
    ...steps.flatMap(stepLines),
    done,
    ...(after.isClean
      ? ['checked again: clean']
      : ['checked again: NOT clean, this is left:', ...after.findings.flatMap(findingLines)]),
  ].join('\n');
}
