export interface Finding {
  readonly what: string;
  /** `unchecked`: the client has no way to ask; how to look by hand stands in the text. */
  readonly state: 'ok' | 'warning' | 'problem' | 'unchecked';
  /** What was found, and what to do. */
  readonly text: string;
  /** Of the group: where it stands in each partition. */
  readonly partitions?: readonly PartitionLag[];
}

export interface PartitionLag {
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly committedOffset: number | null;
  readonly endOffset: number;
  /** Messages that are there and not loaded. */
  readonly lag: number;
  /** Messages that retention deleted before they were loaded. */
  readonly gone: number;
  /** Whether the position is one that a loader of Weir committed. */
  readonly isOurs: boolean;
}

const finding =
  (state: Finding['state']) =>
  (what: string, text: string): Finding => ({ what, state, text });

export const ok = finding('ok');
export const warning = finding('warning');
export const problem = finding('problem');
export const unchecked = finding('unchecked');
