// What each planted bug is, where the mistake was reported, and the switch. See ../planted.ts.
import { assert } from '../errors.js';
import { type PlantedBug, setPlanted } from '../planted.js';

export interface PlantedInfo {
  /** The mistake, in a few words. */
  readonly text: string;
  /** Where it was made: repo#n, or the name under which it is known. */
  readonly source: string;
}

export const PLANTED_BUGS: Readonly<Record<PlantedBug, PlantedInfo>> = {
  unlink_before_intent: {
    text: 'segments are unlinked before the intent to delete them is durable',
    source: 'vector#25570',
  },
  no_directory_sync_after_create: {
    text: 'no fsync of the directory after a segment is created',
    source: 'vector#25779',
  },
  ack_before_fdatasync: {
    text: 'an append is acknowledged before the fdatasync',
    source: 'fluent-bit#10952',
  },
  segment_id_reused: {
    text: 'the next segment id is taken from memory only and can be given twice',
    source: 'design: FORMAT.md Writing 2',
  },
  append_to_recovered_segment: {
    text: 'after a start frames are appended to the last segment of the run before',
    source: 'design: FORMAT.md Recovery',
  },
  fsync_retried_on_same_descriptor: {
    text: 'a failed fdatasync is tried again on the same descriptor',
    source: 'PostgreSQL fsyncgate',
  },
  missing_state_overwrites: {
    text: 'without its state file the spool begins anew and overwrites segments',
    source: 'rsyslog#5771',
  },
  payload_without_checksum: {
    text: 'a frame is delivered without its payload checksum being looked at',
    source: 'design: FORMAT.md Frame',
  },
  length_before_bound: {
    text: 'lengths of a frame header are used before its checksum and bounds',
    source: 'vector#17644',
  },
  slot_overwrites_newest: {
    text: 'a state slot is written over the newest one',
    source: 'design: FORMAT.md Slots',
  },
  frontier_before_settle: {
    text: 'settling one batch settles all that were read',
    source: 'design: FORMAT.md Slots',
  },
  frontier_not_synced: {
    text: 'the frontier is written without fdatasync',
    source: 'design: FORMAT.md Slots',
  },
  frontier_before_loss_declared: {
    text: 'the frontier moves over damage before its declaration is durable',
    source: 'design: FORMAT.md Recovery',
  },
  epoch_not_raised: {
    text: 'the epoch counter is not raised at a start',
    source: 'design: FORMAT.md Recovery',
  },
  numbers_restart: {
    text: 'numbers begin at 0 again in the same epoch after a start',
    source: 'design: FORMAT.md Recovery',
  },
  damage_swallowed: {
    text: 'damage is skipped and nothing is declared lost',
    source: 'fluent-bit#11847',
  },
  state_before_loss_declared: {
    text: 'the state that tells which numbers are lost is replaced before the declaration',
    source: 'design: FORMAT.md Recovery',
  },
  stops_at_first_bad_frame: {
    text: 'reading stops at the first bad frame',
    source: 'fluent-bit#5265',
  },
  deletes_what_one_consumer_needs: {
    text: 'a segment goes when any consumer is done with it',
    source: 'design: FORMAT.md Writing 4',
  },
  footer_not_synced: {
    text: 'the footer of a segment is written without fdatasync',
    source: 'design: FORMAT.md Writing 3',
  },
  keys_after_footer: {
    text: 'idempotency keys are stored after the footer',
    source: 'design: FORMAT.md Writing 3',
  },
  short_write_ignored: {
    text: 'a write that found no space counts as done',
    source: 'vector#14455',
  },
  rename_without_sync: {
    text: 'a small file is renamed without its contents being synced',
    source: 'design: FORMAT.md epochs and keys',
  },
  rename_without_directory_sync: {
    text: 'a small file is replaced without an fsync of the directory',
    source: 'vector#25779',
  },
  frames_dropped_after_eio: {
    text: 'frames that were not durable are not written again after an I/O error',
    source: 'fluent-bit#10952',
  },
  void_frames_counted: {
    text: 'frames that were written again elsewhere still count at the first place',
    source: 'design: FORMAT.md Segment',
  },
  order_swapped_in_group: {
    text: 'the order within a group of frames is turned round',
    source: 'rsyslog#1400',
  },
  numbers_not_recorded_before_delete: {
    text: 'a segment is deleted before the numbers in it are recorded elsewhere',
    source: 'design: FORMAT.md Writing 3',
  },
  recovered_without_sync: {
    text: 'what a start finds is trusted without being synced',
    source: 'syslog-ng#5714',
  },
  recovered_without_writing: {
    text: 'a start trusts what reads show after the process before it failed to sync it',
    source: 'PostgreSQL fsyncgate',
  },
  unreadable_is_rotten: {
    text: 'what a start cannot read for a moment is replaced as if it were rotten',
    source: 'design: FORMAT.md Recovery',
  },
  stuck_after_no_space: {
    text: 'a spool that found the disk full never tries again',
    source: 'vector#8763',
  },
  token_only_deduplication: {
    text: 'rows count as stored because the token of their insert is known',
    source: 'ClickHouse#83491',
  },
  frontier_before_ledger: {
    text: 'the frontier moves before the ledger has the outcome',
    source: 'kafkajs#1046',
  },
  intent_after_rows: {
    text: 'the intent is recorded after the rows were inserted',
    source: 'clickhouse-kafka-connect#24',
  },
  poison_retried_for_ever: {
    text: 'a batch with a row that can never be stored is sent again and again',
    source: 'Altinity sink#1315',
  },
  read_back_wrong_range: {
    text: 'the read-back after an uncertain insert leaves the first number of a range out',
    source: 'design: 5, read back by identity',
  },
  partial_landing_is_whole: {
    text: 'a range of which some rows landed is taken for landed as a whole',
    source: 'design: 5, insert only what is missing',
  },
  fence_omitted: {
    text: 'nothing ends a statement without a reply before its rows are read back',
    source: 'design: 5, on anything uncertain: fence',
  },
  ledger_without_rows: {
    text: 'an insert that the store refused for lack of memory counts as done',
    source: 'design: 4, the ledger is a subset of the table',
  },
  idempotency_keys_forgotten: {
    text: 'after a restart a repeated request is admitted again',
    source: 'design: 4, sender retries',
  },
  receipt_before_ledger: {
    text: 'a receipt is signed before the ledger has the outcome',
    source: 'nats-server#7564',
  },
  checkpoint_published_before_sync: {
    text: 'a checkpoint is told to others before it is durable',
    source: 'design: 0019, only then told to anybody',
  },
};

/**
 * Switches one planted bug on, or all off with null. Only in a process that was started for this:
 * its environment has WEIR_PLANTED_BUGS=allowed (a worker thread gets it by its `env`).
 */
export function plantBug(bug: PlantedBug | null): void {
  assert(
    bug === null || process.env.WEIR_PLANTED_BUGS === 'allowed',
    'bugs are planted only with WEIR_PLANTED_BUGS=allowed',
  );
  setPlanted(bug);
}

/** How a lane found a bug. */
export interface PlantedFound {
  readonly bug: PlantedBug;
  readonly lane: string;
  /** States, runs or seeds that were tried until it was found; `unit` says which. */
  readonly count: number;
  readonly unit: string;
  readonly seconds: number;
}

/**
 * Text of the tap comment by which a test reports a find. tools/planted-bugs.mjs makes
 * docs/planted-bugs.md from these lines.
 */
export const plantedLine = (found: PlantedFound): string => `planted ${JSON.stringify(found)}`;
