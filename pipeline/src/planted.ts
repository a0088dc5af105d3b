// Planted bugs: known mistakes, each from a real report, that stand in the code and are switched
// off. A lane of tests switches one on and must find it; a lane that does not is worth nothing.
//
// Production code asks isPlanted() and nothing else. No setting, environment variable or command
// reaches the switch: it is set by plantBug() of `@weir/pipeline/testing`, which production code
// does not import. Ask where files, groups or batches are handled, never once an event.

/** Of the spool, found by the lanes in spool/src/fault. */
export type SpoolBug =
  | 'unlink_before_intent'
  | 'no_directory_sync_after_create'
  | 'ack_before_fdatasync'
  | 'segment_id_reused'
  | 'append_to_recovered_segment'
  | 'fsync_retried_on_same_descriptor'
  | 'missing_state_overwrites'
  | 'payload_without_checksum'
  | 'length_before_bound'
  | 'slot_overwrites_newest'
  | 'frontier_before_settle'
  | 'frontier_not_synced'
  | 'frontier_before_loss_declared'
  | 'epoch_not_raised'
  | 'numbers_restart'
  | 'damage_swallowed'
  | 'state_before_loss_declared'
  | 'stops_at_first_bad_frame'
  | 'deletes_what_one_consumer_needs'
  | 'footer_not_synced'
  | 'keys_after_footer'
  | 'short_write_ignored'
  | 'rename_without_sync'
  | 'rename_without_directory_sync'
  | 'frames_dropped_after_eio'
  | 'void_frames_counted'
  | 'order_swapped_in_group'
  | 'numbers_not_recorded_before_delete'
  | 'recovered_without_sync'
  | 'recovered_without_writing'
  | 'unreadable_is_rotten'
  | 'stuck_after_no_space';

/** Of sinks, loader and ledger. */
export type DeliveryBug =
  | 'token_only_deduplication'
  | 'frontier_before_ledger'
  | 'intent_after_rows'
  | 'poison_retried_for_ever'
  | 'read_back_wrong_range'
  | 'partial_landing_is_whole'
  | 'fence_omitted'
  | 'ledger_without_rows'
  | 'idempotency_keys_forgotten';

/** Of keys, tree, checkpoints and receipts. */
export type EvidenceBug = 'receipt_before_ledger' | 'checkpoint_published_before_sync';

export type PlantedBug = SpoolBug | DeliveryBug | EvidenceBug;

let planted: PlantedBug | null = null;

/** True while a test has switched this bug on. */
export const isPlanted = (bug: PlantedBug): boolean => planted === bug;

/** @internal Exported by the testing entry only, as plantBug. */
export function setPlanted(bug: PlantedBug | null): void {
  planted = bug;
}
