// What the spool is told of its evidence.
import type { EvidenceProblem } from './failures.js';

export interface EvidenceOptions {
  /** Where node.key and node.pub are, or are made. Its parent must exist. */
  readonly keysDirectory: string;
  /** Longest time that a durable frame waits for a checkpoint; 0 makes one at once. */
  readonly checkpointIntervalMs?: number;
  /** Told when something begins to be wrong, or to be wrong in another way; null: it is over. */
  readonly onProblem?: (problem: EvidenceProblem | null) => void;
  /** Told when a tree was left because its files are lost or do not fit. */
  readonly onNewTree?: (treeNumber: number, reason: string) => void;
  /** For tests. */
  readonly treeFileBytesMax?: number;
  /** For tests. */
  readonly closeBytesMax?: number;
}
