// Everything in a spool but its frames: slots, epochs, sidecars, strays.
import type { Files } from '@weir/pipeline';
import type { LoadedSlots, SlotKind } from '../checkpoint.js';
import { countGoodSlots, SLOT_KIND } from '../checkpoint.js';
import { TREE_NAME } from '../evidence/tree-files.js';
import { loadKeys } from '../keys.js';
import {
  CHECKPOINT_NAME,
  consumerName,
  EPOCHS_NAME,
  keysName,
  parseConsumerName,
  parseEpochsAsideName,
  parseSegmentName,
  QUARANTINE_NAME,
  TEMPORARY_SUFFIX,
} from '../layout.js';
import { frontierOf } from '../spool.js';
import { type Finding, type FindingKind, findingOf } from './findings.js';
import type { Survey } from './survey.js';

export interface SmallFilesCheck {
  readonly files: Files;
  readonly survey: Survey;
  readonly isLive: boolean;
  /** File names in findings begin with it: `spool/`, or nothing. */
  readonly prefix: string;
}

export async function checkSmallFiles(check: SmallFilesCheck): Promise<Finding[]> {
  const { survey, prefix } = check;
  const hasSegments = survey.segments.length > 0;
  const found: Finding[] = [];
  const say = (kind: FindingKind, name: string, what: string): void => {
    found.push(findingOf(kind, prefix + name, what));
  };
  found.push(...(await checkCheckpoint(check)));
  for (const [name, loaded] of survey.consumers)
    found.push(...(await checkConsumer(check, name, loaded)));
  const hasEpochs = survey.names.includes(EPOCHS_NAME);
  if (survey.isEpochsDamaged && hasEpochs)
    say('epochs_damaged', EPOCHS_NAME, 'its checksum does not match, or it cannot be read');
  else if (survey.epochsHead === null && hasSegments && !isYoung(survey))
    say('epochs_missing', EPOCHS_NAME, 'there are segments and this file is not there');
  for (const name of survey.epochsFiles.unread)
    if (name !== EPOCHS_NAME)
      say('epochs_unread', name, 'it could not be read, was put aside, and still cannot be read');
  for (const name of survey.epochsFiles.rotten)
    say('epochs_aside_damaged', name, 'it was put aside, and its checksum does not match');
  for (const name of survey.names) {
    const parsed = parseSegmentName(name);
    if (
      parsed?.ending === 'keys' &&
      (await loadKeys(check.files, survey.directory, parsed.id)) === null
    )
      say('keys_damaged', keysName(parsed.id), 'its checksum does not match');
  }
  for (const name of survey.foreignNames)
    say('segment_foreign', name, 'it belongs to another spool');
  if (!check.isLive) found.push(...strays(survey, prefix));
  return found;
}

/** `epochs` comes with the first segment that ends, or with an orderly stop. */
const isYoung = ({ segments, checkpoint }: Survey): boolean =>
  segments.length === 1 && checkpoint.slot !== null && checkpoint.slot.words[2] === 0n;

async function checkCheckpoint({ files, survey, prefix }: SmallFilesCheck): Promise<Finding[]> {
  const { checkpoint, segments, directory } = survey;
  const file = prefix + CHECKPOINT_NAME;
  if (!checkpoint.exists)
    return segments.length === 0
      ? []
      : [findingOf('checkpoint_missing', file, 'there are segments and this file is not there')];
  if (checkpoint.slot === null)
    return [findingOf('checkpoint_damaged', file, 'neither of its two slots matches its checksum')];
  const found = await tornSlots(files, directory, CHECKPOINT_NAME, SLOT_KIND.writer, prefix);
  const next = Number(checkpoint.slot.words[0]);
  const newest = segments.at(-1)?.id ?? 0;
  if (newest >= next)
    found.push(
      findingOf(
        'checkpoint_behind',
        file,
        `it says that segment ${hex(next)} is the next, and ${hex(newest)} is there`,
      ),
    );
  return found;
}

async function checkConsumer(
  { files, survey, prefix }: SmallFilesCheck,
  name: string,
  loaded: LoadedSlots,
): Promise<Finding[]> {
  const file = prefix + consumerName(name);
  if (!loaded.exists) return [];
  if (loaded.slot === null)
    return [findingOf('consumer_damaged', file, 'neither of its two slots matches its checksum')];
  const { directory, segments, checkpoint, storeUuid } = survey;
  const found = await tornSlots(files, directory, consumerName(name), SLOT_KIND.consumer, prefix);
  if (!loaded.slot.storeUuid.every((byte, i) => byte === storeUuid?.[i]))
    found.push(findingOf('consumer_foreign', file, 'it names another spool'));
  const frontier = frontierOf(loaded);
  const next = checkpoint.slot === null ? 0 : Number(checkpoint.slot.words[0]);
  const end = Math.max(next, (segments.at(-1)?.id ?? 0) + 1);
  if (frontier !== null && frontier.segmentId >= end)
    found.push(
      findingOf(
        'consumer_ahead',
        file,
        `sink ${name} stands in segment ${hex(frontier.segmentId)}, which was never written`,
      ),
    );
  return found;
}

/** A slot that was never written is all zeros, and no damage. */
async function tornSlots(
  files: Files,
  directory: string,
  name: string,
  kind: SlotKind,
  prefix: string,
): Promise<Finding[]> {
  const { damagedCount } = await countGoodSlots(files, `${directory}/${name}`, kind);
  if (damagedCount === 0) return [];
  return [
    findingOf('slot_torn', prefix + name, 'one of its two slots does not match its checksum'),
  ];
}

function strays(survey: Survey, prefix: string): Finding[] {
  const found: Finding[] = [];
  for (const name of survey.deletableNames)
    found.push(
      findingOf('deletable_segment', prefix + name, 'its deletion was decided and is not done'),
    );
  for (const name of survey.names) {
    const parsed = parseSegmentName(name);
    const kind = strayKind(name, survey);
    if (kind === 'temporary_file')
      found.push(findingOf(kind, prefix + name, 'the replacement of a file, not finished'));
    else if (kind === 'orphan_end_record' && parsed !== null)
      found.push(findingOf(kind, prefix + name, `segment ${hex(parsed.id)} is not there`));
    else if (kind === 'unknown_file')
      found.push(findingOf(kind, prefix + name, 'no file of a spool has this name'));
  }
  return found;
}

const knownNames: ReadonlySet<string> = new Set([
  CHECKPOINT_NAME,
  EPOCHS_NAME,
  QUARANTINE_NAME,
  TREE_NAME,
]);

function strayKind(name: string, { names, deleteIntent }: Survey): FindingKind | null {
  if (name.endsWith(TEMPORARY_SUFFIX)) return 'temporary_file';
  const parsed = parseSegmentName(name);
  if (parsed?.ending === 'end' && parsed.id > deleteIntent)
    return names.includes(name.replace(/end$/, 'log')) ? null : 'orphan_end_record';
  if (parsed !== null || knownNames.has(name) || parseConsumerName(name) !== null) return null;
  if (parseEpochsAsideName(name) !== null) return null;
  return 'unknown_file';
}

export const hex = (id: number): string => id.toString(16);
