import type { PartitionLag } from '../group-lag.js';

export interface Finding {
  readonly what: string;
  /** `unchecked`: the client has no way to ask; how to look by hand stands in the text. */
  readonly state: 'ok' | 'warning' | 'problem' | 'unchecked';
  /** What was found, and what to do. */
  readonly text: string;
  /** Of the group: where it stands in each partition. */
  readonly partitions?: readonly PartitionLag[];
}

const finding =
  (state: Finding['state']) =>
  (what: string, text: string): Finding => ({ what, state, text });

export const ok = finding('ok');
export const warning = finding('warning');
export const problem = finding('problem');
export const unchecked = finding('unchecked');
