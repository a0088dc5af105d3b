// Scenario: each known mistake of PLANTED_BUGS that concerns the spool is switched on, one at a
// time, and the lane that is named for it runs.
// Guarantees: the lane finds it within its bound, and the printed command shows it again.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from '@weir/pipeline';
import { isPlanted } from '@weir/pipeline';
import { PLANTED_BUGS, plantBug, plantedLine } from '@weir/pipeline/testing';
import t from 'tap';
import { type LaneName, replayCommand } from './lanes.js';
import { runInThread, THREAD_COUNT } from './threads.js';

const SEED = 20_260_601;
const COUNT_MAX: Readonly<Record<LaneName, number>> = { crash: 40_000, errors: 8_000, rot: 4_000 };
const UNITS: Readonly<Record<LaneName, string>> = { crash: 'states', errors: 'runs', rot: 'runs' };
const LANE_NAMES: Readonly<Record<LaneName, string>> = {
  crash: 'crash states of the spool',
  errors: 'error injection into the spool',
  rot: 'rot of synced data',
};

const EXPECTED: readonly (readonly [PlantedBug, LaneName])[] = [
  ['unlink_before_intent', 'crash'],
  ['no_directory_sync_after_create', 'crash'],
  ['ack_before_fdatasync', 'crash'],
  ['segment_id_reused', 'crash'],
  ['append_to_recovered_segment', 'crash'],
  ['slot_overwrites_newest', 'crash'],
  ['frontier_before_settle', 'crash'],
  ['frontier_not_synced', 'crash'],
  ['epoch_not_raised', 'crash'],
  ['numbers_restart', 'crash'],
  ['deletes_what_one_consumer_needs', 'crash'],
  ['footer_not_synced', 'crash'],
  ['keys_after_footer', 'crash'],
  ['rename_without_sync', 'crash'],
  ['rename_without_directory_sync', 'crash'],
  ['numbers_not_recorded_before_delete', 'crash'],
  ['recovered_without_sync', 'crash'],
  ['order_swapped_in_group', 'crash'],
  ['fsync_retried_on_same_descriptor', 'errors'],
  ['short_write_ignored', 'errors'],
  ['frames_dropped_after_eio', 'errors'],
  ['void_frames_counted', 'errors'],
  ['stuck_after_no_space', 'errors'],
  ['recovered_without_writing', 'errors'],
  ['missing_state_overwrites', 'rot'],
  ['payload_without_checksum', 'rot'],
  ['length_before_bound', 'rot'],
  ['damage_swallowed', 'rot'],
  ['state_before_loss_declared', 'rot'],
  ['frontier_before_loss_declared', 'rot'],
  ['stops_at_first_bad_frame', 'rot'],
];

function replay(
  lane: LaneName,
  way: string,
  bugs: readonly PlantedBug[],
): { status: number | null; stdout: string } {
  const script = fileURLToPath(new URL('replay.js', import.meta.url));
  return spawnSync(process.execPath, [script, lane, way, ...bugs], {
    env: { ...process.env, WEIR_PLANTED_BUGS: 'allowed' },
    encoding: 'utf8',
  });
}

t.setTimeout(1_800_000);
t.jobs = THREAD_COUNT;
for (const [bug, lane] of EXPECTED) {
  t.test(`${bug} is found by ${lane}`, async (t) => {
    const task = { lane, seed: SEED, count: COUNT_MAX[lane], planted: bug };
    const start = performance.now();
    const { violation, way, count } = await runInThread(task);
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    t.not(violation, null, `${violation} (${replayCommand(task, way ?? '')})`);
    // The same without the bug keeps every promise: it was the bug that was found.
    t.equal(replay(lane, way ?? '', []).status, 0);
    if (violation === null) return;
    t.comment(plantedLine({ bug, lane: LANE_NAMES[lane], count, unit: UNITS[lane], seconds }));
  });
}

t.test('the printed command shows the failure again, and shows none without the bug', async (t) => {
  for (const [bug, lane] of EXPECTED.filter(([name]) =>
    ['ack_before_fdatasync', 'short_write_ignored', 'damage_swallowed'].includes(name),
  )) {
    const task = { lane, seed: SEED, count: COUNT_MAX[lane], planted: bug };
    const { violation, way } = await runInThread(task);
    const shown = replay(lane, way ?? '', [bug]);
    t.equal(shown.status, 1);
    const text = violation?.replace(/ \(before .*/, '') ?? '';
    t.ok(shown.stdout.includes(text), shown.stdout.trim());
  }
});

t.test('nothing is planted unless a test says so', async (t) => {
  const saved = process.env.WEIR_PLANTED_BUGS;
  delete process.env.WEIR_PLANTED_BUGS;
  t.throws(() => plantBug('ack_before_fdatasync'), { name: 'InvariantError' });
  for (const bug of Object.keys(PLANTED_BUGS)) t.notOk(isPlanted(bug as PlantedBug), bug);
  if (saved !== undefined) process.env.WEIR_PLANTED_BUGS = saved;
});
