// What happened over a run. A fault that was never seen tested nothing, so the lane asks for each.

/** By name of a class of faults, or of a state that must be reached sometimes. */
export type Seen = Record<string, number>;

export const FAULT_CLASSES = [
  'kill',
  'kill_in_recovery',
  'power_cut',
  'orderly_restart',
  'segment_size_changed',
  'disk_full',
  'disk_eio_write',
  'disk_eio_sync',
  'sync_dropped_pages',
  'death_after_failed_sync',
  'disk_eio_read',
  'disk_eio_read_at_start',
  'disk_eio_other',
  'slow_disk',
  'store_lost_before',
  'store_reply_lost',
  'store_refused_memory',
  'store_refused_parts',
  'store_refused_busy',
  'store_partial',
  'store_hang',
  'store_zombie_landed',
  'store_killed_before',
  'store_killed_after',
  'store_killed_partial',
  'store_killed_token',
  'store_restart',
  'store_poison',
  'tcp_reset',
  'tcp_half_open',
  'net_clog',
  'net_stall',
  'udp_loss',
  'udp_duplicate',
  'udp_kernel_drop',
  'http_reset_before',
  'http_reply_lost',
  'worker_died',
  'worker_hung',
  'worker_threw',
  'worker_bystander',
  'clock_back',
  'clock_forward',
  'clock_1970',
  'clock_2038',
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** States that must be reached sometimes, else the load tests too little. */
export const SOMETIMES = [
  'filtered',
  'quarantined',
  'refused',
  'intent_replayed',
  'breaker_opened',
  'breaker_closed',
  'replayed_key',
  'spool_failed',
  'start_failed',
  'restarted_with_backlog',
  'anchor_in_history',
  'receipts_made_good',
  'request_receipt',
] as const;

export function addSeen(total: Seen, more: Seen): void {
  for (const [name, count] of Object.entries(more)) total[name] = (total[name] ?? 0) + count;
}
