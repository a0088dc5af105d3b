export {
  type CheckpointText,
  encodeCheckpointText,
  originOf,
  parseCheckpointText,
  stateHashOf,
} from './checkpoint-note.js';
export type { EvidenceOptions } from './evidence-options.js';
export { EVIDENCE_FAILURES, type EvidenceFailureReason, type EvidenceProblem } from './failures.js';
export { type HeadDisposition, type HeadNumbers, numbersOfHead } from './head-numbers.js';
export {
  type KeyPlace,
  type KeyProblem,
  type KeyRole,
  keyNameOf,
  openSigner,
  privateKeyOf,
  readVerifierKey,
  type SignerOpening,
  signerOf,
} from './keys.js';
export * from './merkle.js';
export type { Checkpoint, EvidenceStats } from './notary.js';
export {
  fromBase64,
  type OpenedNote,
  openNote,
  parseVerifierKey,
  type RefusedNote,
  type Signer,
  signNote,
  splitNote,
  toBase64,
  type VerifierKey,
  verifierKeyOf,
} from './note.js';
export { type FoundFrame, FrameFinder, readTree, type TreeReading } from './read-tree.js';
export type { StoredCheckpoint, TreeHistory } from './tree-files.js';
export type { LeafSeries, TreeLeaf } from './tree-leaves.js';
export {
  parseStateDocument,
  type StateDocument,
  type StateStream,
  TreeState,
} from './tree-state.js';
