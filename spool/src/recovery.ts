// Opening a spool, whatever state a crash left it in. See FORMAT.md "Recovery".
//
// First everything is read and every version checked; only then is anything written.
import type { FileHandle, Files } from '@weir/pipeline';
import { isPlanted, LIMITS, systemCodeOf, WeirError } from '@weir/pipeline';
import { Catalog } from './catalog.js';
import type { LoadedSlots } from './checkpoint.js';
import { loadSlots, SLOT_KIND, SlotFile } from './checkpoint.js';
import type { EpochEntry } from './epochs.js';
import { EpochsFile, type LoadedEpochs, loadEpochs } from './epochs-file.js';
import type { RecoveredRequestPart } from './keys.js';
import { KeyFiles, loadKeys, NewestParts, requireKeysVersion } from './keys.js';
import {
  CHECKPOINT_NAME,
  consumerName,
  KEY_FILES_MAX,
  nodeIdOf,
  parseConsumerName,
  parseEpochsAsideName,
  parseSegmentName,
  QUARANTINE_NAME,
  TEMPORARY_SUFFIX,
} from './layout.js';
import type { SpoolSettings } from './options.js';
import { patientFiles } from './patience.js';
import type { DamageRange, LostNumbers } from './scan.js';
import type { SegmentHeader } from './segment.js';
import { lookAtSegmentHeader } from './segment-files.js';
import type { Undeclared } from './segment-loader.js';
import { SegmentLoader } from './segment-loader.js';
import { ReadMemory, removeIfThere } from './small-files.js';
import {
  type DeletedEnd,
  decodeDeletedEnd,
  decodeTreeMark,
  Store,
  type TreeMark,
  WriterState,
} from './store.js';

/** What opening found. Counts are of this opening only. */
export interface RecoveryReport {
  /** Both slots of the writer's state were missing or damaged although there were segments. */
  readonly isCheckpointRebuilt: boolean;
  /** Or one that was put aside is rotten; one that only stays unreadable is no news. */
  readonly isEpochsDamaged: boolean;
  readonly damagedConsumers: readonly string[];
  /** Segments that were read whole, and the good frames in them. */
  readonly scannedSegmentCount: number;
  readonly scannedFrameCount: number;
  /** Dropped behind the last good frame; nothing in it was acknowledged. */
  readonly tornBytes: number;
  readonly tornFrameCount: number;
  readonly damage: readonly (DamageRange & { readonly segmentId: number })[];
  readonly lost: readonly LostNumbers[];
  /** "Epoch e ended at seq n": those that this opening ended. */
  readonly endedEpochs: readonly EpochEntry[];
  /** Segments that the chain of headers names but that are not there. */
  readonly missingSegmentIds: readonly number[];
  /** Segments of another store; left alone. */
  readonly foreignSegmentIds: readonly number[];
}

export interface RecoveredConsumer {
  readonly name: string;
  readonly loaded: LoadedSlots;
  readonly slots: SlotFile;
}

export interface Recovered {
  readonly store: Store;
  readonly consumers: readonly RecoveredConsumer[];
  readonly requestParts: readonly RecoveredRequestPart[];
  readonly toDeclare: readonly Undeclared[];
  readonly report: RecoveryReport;
}

interface FoundKeys {
  /** Parts of the file: 0 if it was not read, or is damaged. */
  readonly partCount: number;
  /** Only what counts: all segments together within the limit. */
  readonly parts: readonly RecoveredRequestPart[];
}

interface Found {
  readonly names: readonly string[];
  readonly segments: ReadonlyMap<number, SegmentHeader | null>;
  /** Names of segments whose header cannot be read now. */
  readonly unreadHeaders: readonly string[];
  /** Sidecars with request parts, the newest segment first. */
  readonly keys: ReadonlyMap<number, FoundKeys>;
  readonly checkpoint: LoadedSlots;
  readonly consumers: ReadonlyMap<string, LoadedSlots>;
  readonly epochs: LoadedEpochs;
}

export async function recover(settings: SpoolSettings): Promise<Recovered> {
  const { files, directory } = settings;
  const patient = patientFiles(files, settings.timers);
  await files.makeDir(directory);
  const found = await look({ ...settings, files: patient });
  requireIdentity(found);
  await trust(patient, directory, found);
  const identity = identify(settings, found);
  const { table } = found.epochs;
  table.nodeId = nodeIdOf(identity.storeUuid);
  const place = { directory, name: CHECKPOINT_NAME, kind: SLOT_KIND.writer };
  const keepAs = keptName(CHECKPOINT_NAME, identity.epoch);
  const slots = new SlotFile(files, { ...place, keepAs }, found.checkpoint);
  const state = new WriterState(slots, identity);
  await state.save();
  await clean(files, directory, found, identity.deleteIntent);
  const keys = new KeyFiles(files, directory, settings.clock);
  for (const [id, { partCount }] of found.keys) keys.note(id, partCount);
  const epochsFile = new EpochsFile(files, directory, found.epochs);
  const store = new Store(settings, state, new Catalog(), table, epochsFile, keys);
  const isComplete = !found.epochs.isDamaged;
  const loader = new SegmentLoader(store, patient, found.segments, isComplete);
  await loader.load(identity.deleteIntent);
  const endedEpochs = table.endAll();
  const requestParts = newestParts(found.keys, loader);
  await recordScanned(store, loader);
  await keys.removeExpired().catch(() => undefined);
  return {
    store,
    consumers: await openConsumers(settings, found, identity),
    requestParts,
    toDeclare: loader.undeclared,
    report: reportOf(found, loader, endedEpochs),
  };
}

/** Name in quarantine/ of a file that this process could not read and replaces. */
const keptName = (name: string, epoch: bigint): string => `${name}-${epoch >> 32n}.bin`;

/** Every consumer gets its file now: on a full disk a frontier must only need a write in place. */
async function openConsumers(
  settings: SpoolSettings,
  found: Found,
  { storeUuid, epoch }: Identity,
): Promise<RecoveredConsumer[]> {
  const { files, directory } = settings;
  const opened: RecoveredConsumer[] = [];
  for (const name of settings.consumers) {
    const loaded = found.consumers.get(name) ?? { exists: false, slot: null };
    const fileName = consumerName(name);
    const keepAs = keptName(fileName, epoch);
    const place = { directory, name: fileName, kind: SLOT_KIND.consumer, keepAs };
    const slots = new SlotFile(files, place, loaded);
    if (loaded.slot === null)
      await slots.store({ storeUuid, words: [0n, 0n, 0n, 0n] }).catch(() => undefined);
    opened.push({ name, loaded, slots });
  }
  return opened;
}

/**
 * Makes durable what the scan found. With damage only after its declaration is durable: until then
 * the next start must see what this one saw, and `epochs` is where it learns which numbers came
 * before.
 */
async function recordScanned(store: Store, loader: SegmentLoader): Promise<void> {
  if (loader.undeclared.length > 0 && !isPlanted('state_before_loss_declared')) return;
  try {
    await store.saveEpochs();
    for (const info of loader.unended) await store.record(info);
  } catch (error) {
    // On a full disk the spool still starts; it is recorded before the segments are deleted.
    if (systemCodeOf(error) === '') throw error;
  }
}

function reportOf(
  found: Found,
  loader: SegmentLoader,
  endedEpochs: readonly EpochEntry[],
): RecoveryReport {
  const damagedConsumers: string[] = [];
  for (const [name, loaded] of found.consumers)
    if (loaded.exists && loaded.slot === null) damagedConsumers.push(name);
  return {
    isCheckpointRebuilt: found.checkpoint.slot === null && found.segments.size > 0,
    isEpochsDamaged: found.epochs.isDamaged || found.epochs.rotten.length > 0,
    damagedConsumers,
    scannedSegmentCount: loader.scannedSegmentCount,
    scannedFrameCount: loader.scannedFrameCount,
    tornBytes: loader.tornBytes,
    tornFrameCount: loader.tornFrameCount,
    damage: loader.undeclared.flatMap(({ info, damage }) =>
      damage.map((range) => ({ segmentId: info.id, ...range })),
    ),
    lost: loader.undeclared.flatMap(({ lost }) => lost),
    endedEpochs,
    missingSegmentIds: loader.missingSegmentIds,
    foreignSegmentIds: loader.foreignSegmentIds,
  };
}

/** Reads only. Throws WEIR_SPOOL_VERSION if any file is of another version. */
async function look(settings: SpoolSettings): Promise<Found> {
  const { files, directory, consumers } = settings;
  const names = await files.readDir(directory);
  const checkpoint = await loadSlots(files, `${directory}/${CHECKPOINT_NAME}`, SLOT_KIND.writer);
  const slots = new Map<string, LoadedSlots>();
  const consumerNames = new Set(consumers);
  for (const name of names) {
    const consumer = parseConsumerName(name);
    if (consumer !== null) consumerNames.add(consumer);
  }
  for (const name of consumerNames) {
    const path = `${directory}/${consumerName(name)}`;
    slots.set(name, await loadSlots(files, path, SLOT_KIND.consumer));
  }
  const segments = new Map<number, SegmentHeader | null>();
  const unreadHeaders: string[] = [];
  const keyIds: number[] = [];
  for (const name of [...names].sort()) {
    const parsed = parseSegmentName(name);
    if (parsed?.ending === 'log') {
      const { header, isUnread } = await lookAtSegmentHeader(files, `${directory}/${name}`);
      segments.set(parsed.id, header);
      if (isUnread) unreadHeaders.push(name);
    }
    if (parsed?.ending === 'keys') keyIds.unshift(parsed.id);
  }
  if (checkpoint.slot === null && isPlanted('missing_state_overwrites')) segments.clear();
  return {
    names,
    segments,
    unreadHeaders,
    keys: await lookAtKeys(files, directory, keyIds),
    checkpoint,
    consumers: slots,
    epochs: await loadEpochs(files, directory),
  };
}

/**
 * After a kill without power loss, what was just read may be in memory only. Nothing may be
 * concluded from it before it is durable.
 */
async function trust(files: Files, directory: string, found: Found): Promise<void> {
  if (isPlanted('recovered_without_sync')) {
    await files.makeDir(`${directory}/${QUARANTINE_NAME}`);
    return;
  }
  for (const name of found.names) {
    const isSegment = parseSegmentName(name)?.ending === 'log';
    if (!isSegment && name !== CHECKPOINT_NAME && parseConsumerName(name) === null) continue;
    let handle: FileHandle | null = null;
    try {
      handle = await files.open(`${directory}/${name}`, 'read');
      await handle.datasync();
    } catch {
      // An unreadable file is dealt with as damage where it is read.
    }
    await handle?.close();
  }
  await files.makeDir(`${directory}/${QUARANTINE_NAME}`);
  await files.syncDir(directory);
  // The name of a copy says that its range was declared. Where it cannot be made durable, a loss
  // may be declared twice.
  await files.syncDir(`${directory}/${QUARANTINE_NAME}`).catch(() => undefined);
  const parent = directory.slice(0, Math.max(1, directory.lastIndexOf('/')));
  // The directory may be new. Its parent can be one that we may not open; then there is nothing to
  // do.
  if (directory.includes('/')) await files.syncDir(parent).catch(() => undefined);
}

/**
 * When nothing tells whose files these are, because what would could not be read: a new identity
 * would make the old frames those of a stranger for ever. What counts is what was seen then, since
 * all else was concluded from it; the next start looks again. Files that can be read and are rotten
 * do not stop a start.
 */
function requireIdentity({ checkpoint, segments, epochs, unreadHeaders }: Found): void {
  const isHeaderKnown = [...segments.values()].some((header) => header !== null);
  if (checkpoint.slot !== null || isHeaderKnown || epochs.head !== null) return;
  const ofCheckpoint = checkpoint.isUnread === true ? [CHECKPOINT_NAME] : [];
  const [name] = [...ofCheckpoint, ...epochs.unread, ...unreadHeaders];
  if (name === undefined) return;
  throw new WeirError(
    'WEIR_SPOOL_IO',
    `opening the spool failed: ${name} could not be read, and nothing else says whose files these are`,
  );
}

interface Identity {
  readonly storeUuid: Uint8Array;
  readonly epoch: bigint;
  readonly nextSegmentId: number;
  readonly deleteIntent: number;
  readonly deletedEnd: DeletedEnd | null;
  readonly treeMark: TreeMark | null;
  readonly rebuiltAt: number;
}

/** Ids and the epoch counter end up above everything seen, so none is ever used twice. */
function identify(settings: SpoolSettings, found: Found): Identity {
  const slot = found.checkpoint.slot;
  const newestHeader = [...found.segments.values()].filter((header) => header !== null).at(-1);
  const { head, table } = found.epochs;
  const fromEpochs = Buffer.from(head?.storeUuid ?? '', 'hex');
  const storeUuid =
    slot?.storeUuid ??
    newestHeader?.storeUuid ??
    (fromEpochs.length === 16 ? new Uint8Array(fromEpochs) : settings.random.bytes(16));
  let counter = slot === null ? 0n : slot.words[1] >> 32n;
  const raise = (value: bigint): void => {
    if (value > counter) counter = value;
  };
  let nextSegmentId = slot === null ? 1 : Number(slot.words[0]);
  for (const [id, header] of found.segments) {
    nextSegmentId = Math.max(nextSegmentId, id + 1);
    if (header !== null) raise(header.epoch >> 32n);
  }
  for (const id of found.keys.keys()) nextSegmentId = Math.max(nextSegmentId, id + 1);
  for (const { slot: consumer } of found.consumers.values())
    if (consumer !== null) nextSegmentId = Math.max(nextSegmentId, Number(consumer.words[0]) + 1);
  for (const entry of table.values()) if (entry.foreign === null) raise(entry.epoch >> 32n);
  for (const name of found.names) raise(BigInt(parseEpochsAsideName(name) ?? 0));
  nextSegmentId = Math.max(nextSegmentId, head?.nextSegmentId ?? 1);
  raise(BigInt(head?.epochCounter ?? 0));
  const isRaised = counter === 0n || !isPlanted('epoch_not_raised');
  const isAgain = slot !== null && isPlanted('numbers_restart');
  if (slot !== null && isPlanted('segment_id_reused')) nextSegmentId = Number(slot.words[0]);
  const oldestId = Math.min(nextSegmentId, ...found.segments.keys());
  return {
    storeUuid,
    epoch: isAgain
      ? slot.words[1]
      : ((isRaised ? counter + 1n : counter) << 32n) | BigInt(settings.random.u32()),
    nextSegmentId,
    deleteIntent: slot === null ? 0 : Number(slot.words[2]),
    deletedEnd: decodeDeletedEnd(slot?.words[4] ?? 0n),
    treeMark: decodeTreeMark(slot?.words[3] ?? 0n),
    rebuiltAt: slot === null ? oldestId : Number(slot.words[5] ?? 0n),
  };
}

/** Finishes deletions that were under way, and removes half-written small files. */
async function clean(
  files: Files,
  directory: string,
  found: Found,
  deleteIntent: number,
): Promise<void> {
  let isChanged = false;
  for (const name of found.names) {
    const parsed = parseSegmentName(name);
    const isDeleted = parsed !== null && parsed.ending !== 'keys' && parsed.id <= deleteIntent;
    const isOrphan = parsed?.ending === 'end' && !found.segments.has(parsed.id);
    if (!isDeleted && !isOrphan && !name.endsWith(TEMPORARY_SUFFIX)) continue;
    await removeIfThere(files, `${directory}/${name}`);
    isChanged = true;
  }
  if (isChanged) await files.syncDir(directory);
}

/**
 * Sidecars are read one by one, the newest first. A damaged one counts for nothing: keys in it are
 * forgotten, never wrong.
 */
async function lookAtKeys(
  files: Files,
  directory: string,
  idsNewestFirst: readonly number[],
): Promise<Map<number, FoundKeys>> {
  const found = new Map<number, FoundKeys>();
  let room: number = LIMITS.idempotencyKeysMax;
  const memory = new ReadMemory();
  for (const id of idsNewestFirst) {
    // What cannot count is not read, however many there are.
    if (room === 0 || found.size >= KEY_FILES_MAX) {
      await requireKeysVersion(files, directory, id);
      found.set(id, { partCount: 0, parts: [] });
      continue;
    }
    // One that cannot be read now is kept for a window: the next start may be able to.
    const stored = (await loadKeys(files, directory, id, memory)) ?? [];
    const newest = new NewestParts(room);
    newest.add(stored);
    const parts = newest.list();
    room -= parts.length;
    found.set(id, { partCount: stored.length, parts });
  }
  return found;
}

/** In the order of the log, at most idempotencyKeysMax of the newest segments. */
function newestParts(
  sidecars: ReadonlyMap<number, FoundKeys>,
  loader: SegmentLoader,
): RecoveredRequestPart[] {
  const scanned = new Map(loader.unended.map((info) => [info.id, info.unstoredParts]));
  const newest = new NewestParts(LIMITS.idempotencyKeysMax);
  const ids = new Set([...sidecars.keys(), ...scanned.keys()]);
  for (const id of [...ids].sort((a, b) => b - a))
    newest.add(scanned.get(id) ?? sidecars.get(id)?.parts ?? []);
  return newest.list();
}
