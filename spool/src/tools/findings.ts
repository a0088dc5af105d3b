// What a check can find, what the next start makes of it, and what a person can do.
import type { StreamEpoch } from '../layout.js';
import type { NumberRange } from '../range-set.js';
import type { DamageRange, LostNumbers } from '../scan.js';

interface Kind {
  /** `note`: nothing is wrong, or all that was wrong has been dealt with. */
  readonly severity: 'note' | 'damage';
  readonly atStart: string;
  readonly remedy: string;
}

const REPAIR = 'stop the instance and run weir spool repair';
const NOTHING = 'nothing needs to be done';
const NEW_STATE = 'makes it anew from the segments, with ids and epoch above all that is there';
const RETURN = 'put the file back from a copy if there is one';

export const FINDING_KINDS = {
  slot_torn: {
    severity: 'note',
    atStart: 'takes the other slot, as after any cut of power',
    remedy: NOTHING,
  },
  checkpoint_damaged: { severity: 'damage', atStart: NEW_STATE, remedy: REPAIR },
  checkpoint_missing: { severity: 'damage', atStart: NEW_STATE, remedy: REPAIR },
  checkpoint_behind: {
    severity: 'damage',
    atStart: 'takes an id above all that is there',
    remedy: REPAIR,
  },
  consumer_damaged: {
    severity: 'damage',
    atStart: 'begins at the oldest segment for this sink: it gets events again, and misses none',
    remedy: REPAIR,
  },
  consumer_ahead: {
    severity: 'damage',
    atStart: 'gives this sink only what comes behind that place',
    remedy: 'if events did not reach the sink, delete the file: it begins at the oldest segment',
  },
  consumer_foreign: {
    severity: 'damage',
    atStart: 'takes its place all the same',
    remedy: 'delete the file if it came from another spool: the sink begins at the oldest segment',
  },
  epochs_damaged: {
    severity: 'damage',
    atStart: 'makes it anew from the segments; numbers of deleted segments are not known then',
    remedy: REPAIR,
  },
  epochs_missing: {
    severity: 'damage',
    atStart: 'makes it anew from the segments; numbers of deleted segments are not known then',
    remedy: `${RETURN}, else ${REPAIR}`,
  },
  epochs_unread: {
    severity: 'damage',
    atStart:
      'tries to read it again and goes on without it: of deleted segments, numbers that only this ' +
      'file names are not known',
    remedy:
      'put a copy of the file in its place if there is one, and the next start takes it in; else ' +
      'move it elsewhere, and what only it knew is given up: epochs says all the rest',
  },
  epochs_aside_damaged: {
    severity: 'damage',
    atStart:
      'moves it to quarantine/: of deleted segments, numbers that only this file names are not known',
    remedy: `put a copy of the file in its place if there is one, else ${REPAIR}`,
  },
  epochs_behind: {
    severity: 'damage',
    atStart: 'takes the higher number of the frames',
    remedy: REPAIR,
  },
  keys_damaged: {
    severity: 'damage',
    atStart: 'forgets these Idempotency-Keys: a request repeated within the hour is stored again',
    remedy: REPAIR,
  },
  segment_header_damaged: {
    severity: 'damage',
    atStart: 'reads its frames all the same, by the name of the file',
    remedy: REPAIR,
  },
  segment_header_kept: {
    severity: 'note',
    atStart: 'reads its frames all the same, by the name of the file',
    remedy: NOTHING,
  },
  segment_missing: {
    severity: 'damage',
    atStart: 'goes on without it and reports it',
    remedy: `${RETURN}, else ${REPAIR}`,
  },
  oldest_gone: {
    severity: 'note',
    atStart: 'takes it as deleted',
    remedy:
      'nothing if ckpt was ever lost, as this is not known any more then; if somebody deleted the ' +
      'file by hand, weir verify names the numbers that are missing',
  },
  segment_gone: {
    severity: 'note',
    atStart: 'goes on without it and reports it',
    remedy: NOTHING,
  },
  segment_foreign: {
    severity: 'damage',
    atStart: 'leaves it alone and reports it',
    remedy: `${REPAIR}, which moves it to quarantine/; deliver it from its own directory`,
  },
  footer_damaged: {
    severity: 'damage',
    atStart: 'reads the segment whole and writes an end record beside it',
    remedy: REPAIR,
  },
  footer_replaced: {
    severity: 'note',
    atStart: 'takes the end record beside it',
    remedy: NOTHING,
  },
  footer_wrong: {
    severity: 'damage',
    atStart: 'believes the table: what it does not name is not declared if it is lost',
    remedy: 'export the segment and report this: the bytes check and still contradict each other',
  },
  end_record_damaged: {
    severity: 'damage',
    atStart: 'reads the segment whole and writes the record anew',
    remedy: REPAIR,
  },
  frames_damaged: {
    severity: 'damage',
    atStart: 'declares the numbers lost (spool_corruption) and keeps the bytes in quarantine/',
    remedy: `${RETURN}, else ${REPAIR}`,
  },
  frames_damaged_sealed: {
    severity: 'damage',
    atStart:
      'does not see it; when a sink comes to it the numbers are declared lost (spool_corruption) ' +
      'and the bytes kept in quarantine/',
    remedy: `${RETURN}, else ${REPAIR}`,
  },
  frames_cut: {
    severity: 'damage',
    atStart: 'takes what is left as the end of the segment',
    remedy: `${RETURN}; weir verify names the numbers that were signed and are gone`,
  },
  frames_declared: {
    severity: 'note',
    atStart: 'knows it: the loss is declared and the bytes are in quarantine/',
    remedy: NOTHING,
  },
  frames_settled: {
    severity: 'note',
    atStart: 'does not need it: every sink had settled it; it goes with its segment',
    remedy: NOTHING,
  },
  torn_tail: {
    severity: 'note',
    atStart: 'drops it: a crash cut it off, nothing in it was acknowledged',
    remedy: NOTHING,
  },
  numbers_missing: {
    severity: 'damage',
    atStart: 'does not see it; weir verify names them as missing',
    remedy: REPAIR,
  },
  numbers_twice: {
    severity: 'damage',
    atStart: 'does not see it; a sink gets both',
    remedy: 'report this: the bytes check and one number stands for two events',
  },
  temporary_file: {
    severity: 'note',
    atStart: 'deletes it: a replacement that was never finished',
    remedy: NOTHING,
  },
  deletable_segment: {
    severity: 'note',
    atStart: 'deletes it: every sink had settled it',
    remedy: NOTHING,
  },
  orphan_end_record: {
    severity: 'note',
    atStart: 'deletes it: its segment is gone',
    remedy: NOTHING,
  },
  unknown_file: {
    severity: 'note',
    atStart: 'leaves it alone',
    remedy: 'move it elsewhere: nothing but the spool belongs here',
  },
  ledger_damaged: {
    severity: 'damage',
    atStart: 'takes the file before it; what only this one knew shows as missing in weir verify',
    remedy: REPAIR,
  },
  ledger_older_damaged: {
    severity: 'note',
    atStart: 'does not need it: a newer one says all',
    remedy: NOTHING,
  },
  ledger_torn: {
    severity: 'note',
    atStart: 'goes on in a new file: a crash cut a record short, nothing relied on it',
    remedy: NOTHING,
  },
  intent_damaged: {
    severity: 'damage',
    atStart: 'compares what is not settled with the tables before it inserts anything',
    remedy: NOTHING,
  },
  evidence_damaged: {
    severity: 'damage',
    atStart:
      'begins a new tree with the frames that are there, or goes on from the last good record',
    remedy: `${RETURN}; checkpoints that others keep still prove what was signed`,
  },
  receipts_damaged: {
    severity: 'damage',
    atStart: 'takes the file before it, or what stands before the damage, and makes the rest anew',
    remedy: `${RETURN}; who keeps an exported bundle still has what was signed`,
  },
  receipts_torn: {
    severity: 'note',
    atStart: 'goes on in a new file: a crash cut a receipt short, or it rotted',
    remedy: NOTHING,
  },
  receipts_missing: {
    severity: 'damage',
    atStart: 'makes receipts for them from the ledger of the store, as far as it has them',
    remedy:
      `${RETURN}, else start and look again: files of receipts were cut or damaged, or the loader ` +
      'key could not be used; weir verify says what the ledger has',
  },
  leaf_wrong: {
    severity: 'damage',
    atStart: 'does not see it; weir verify on an export names it',
    remedy:
      'the frame checks and is not the one that was signed: keep a copy of the whole directory',
  },
} as const satisfies Record<string, Kind>;
export type FindingKind = keyof typeof FINDING_KINDS;

/** Numbers of one stream that a finding concerns; ranges have both ends. */
export interface ConcernedNumbers extends StreamEpoch {
  readonly ranges: readonly NumberRange[];
}

export interface Finding {
  readonly severity: 'note' | 'damage';
  readonly kind: FindingKind;
  /** Below the data directory, or below the spool directory where that is all there is. */
  readonly file: string;
  /** Bytes [offset, offset + length); null for the file as a whole. */
  readonly offset: number | null;
  readonly length: number | null;
  /** One sentence without its dot. */
  readonly what: string;
  readonly numbers: readonly ConcernedNumbers[];
  readonly atStart: string;
  readonly remedy: string;
}

/** What a finding is about, for repair. */
export interface FindingDetail {
  readonly offset?: number;
  readonly length?: number;
  readonly numbers?: readonly LostNumbers[];
}

export function findingOf(
  kind: FindingKind,
  file: string,
  what: string,
  { offset, length, numbers }: FindingDetail = {},
): Finding {
  const { severity, atStart, remedy } = FINDING_KINDS[kind];
  return {
    severity,
    kind,
    file,
    offset: offset ?? null,
    length: length ?? null,
    what,
    numbers: (numbers ?? []).map(({ tenant, stream, epoch, ranges }) => {
      return { tenant, stream, epoch, ranges };
    }),
    atStart,
    remedy,
  };
}

/** Damaged frames of a segment that no declaration names yet. */
export interface UndeclaredDamage {
  readonly segmentId: number;
  readonly ranges: readonly DamageRange[];
  readonly lost: readonly LostNumbers[];
}
