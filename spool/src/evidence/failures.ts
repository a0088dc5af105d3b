// Why no checkpoint was made. A closed set: each is a value of a metric's label.
import { messageOf, systemCodeOf } from '@weir/pipeline';

export const EVIDENCE_FAILURES = {
  key_unreadable: 'The private key cannot be read; nothing is signed.',
  key_mismatch: 'The private key belongs to another name; nothing is signed.',
  no_space: 'The disk is full.',
  io: 'Reading or writing failed.',
  frame_unreadable: 'A frame could not be read back, and is not in the tree.',
  tree_mismatch: 'The files of the tree, or its hashes, do not fit; a new tree begins.',
  backlog: 'No checkpoint could be written for so long that frames were deleted without one.',
} as const;
export type EvidenceFailureReason = keyof typeof EVIDENCE_FAILURES;

export interface EvidenceProblem {
  readonly reason: EvidenceFailureReason;
  readonly message: string;
}

export class EvidenceError extends Error implements EvidenceProblem {
  override readonly name = 'EvidenceError';
  constructor(
    readonly reason: EvidenceFailureReason,
    message: string,
  ) {
    super(message);
  }
}

export function problemOf(error: unknown): EvidenceProblem {
  if (error instanceof EvidenceError) return error;
  const code = systemCodeOf(error);
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'no_space' : 'io';
  return { reason, message: messageOf(error) };
}
