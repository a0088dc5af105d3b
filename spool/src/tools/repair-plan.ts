// What a repair does about each finding. Nothing here reads or writes.
import type { Finding, FindingKind } from './findings.js';
import type { FsckReport } from './fsck.js';

/**
 * `recover`: what every start does, done now. `copy`: kept in quarantine/ first, then as recover.
 * `move`: put aside. `rebuild`: kept, then made from the segments. `reset`: kept, then the sink
 * begins at the oldest segment. `declare`: the numbers are declared lost, the bytes kept. `ledger`:
 * as the sink's own start. `note`: written down as known. `leave`: nothing that could be done is
 * safe without a person.
 */
export type RepairAction =
  | 'recover'
  | 'copy'
  | 'move'
  | 'rebuild'
  | 'reset'
  | 'declare'
  | 'ledger'
  | 'note'
  | 'leave';

export interface RepairStep {
  readonly action: RepairAction;
  readonly finding: Finding;
}

const ACTIONS: Partial<Record<FindingKind, RepairAction>> = {
  checkpoint_damaged: 'copy',
  checkpoint_missing: 'recover',
  checkpoint_behind: 'recover',
  consumer_damaged: 'reset',
  epochs_damaged: 'copy',
  epochs_missing: 'recover',
  epochs_aside_damaged: 'recover',
  epochs_behind: 'recover',
  keys_damaged: 'rebuild',
  segment_header_damaged: 'copy',
  segment_missing: 'note',
  segment_foreign: 'move',
  footer_damaged: 'recover',
  end_record_damaged: 'copy',
  frames_damaged: 'declare',
  frames_damaged_sealed: 'declare',
  numbers_missing: 'declare',
  temporary_file: 'recover',
  deletable_segment: 'recover',
  orphan_end_record: 'recover',
  ledger_damaged: 'ledger',
};

/** One step for each finding, and for each note that recovery removes something for. */
export function planRepair({ findings, notes }: FsckReport): RepairStep[] {
  const steps = findings.map((finding): RepairStep => {
    return { action: ACTIONS[finding.kind] ?? 'leave', finding };
  });
  for (const finding of notes) {
    const action = ACTIONS[finding.kind];
    if (action !== undefined) steps.push({ action, finding });
  }
  return steps;
}

/** In one sentence without its dot, for people. */
export const ACTION_TEXTS: Readonly<Record<RepairAction, string>> = {
  recover: 'do what every start does about it',
  copy: 'keep a copy in quarantine/, then make it anew',
  move: 'move it to quarantine/',
  rebuild: 'keep a copy in quarantine/, then make it anew from its segment',
  reset: 'keep a copy in quarantine/, then let the sink begin at the oldest segment',
  declare: 'declare the numbers lost, and keep the bytes in quarantine/',
  ledger: 'go on in a new file with what can be read, and keep a copy in quarantine/',
  note: 'write down that it is gone',
  leave: 'leave it to you',
};
