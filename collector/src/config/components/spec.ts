// What a component is, for people: beside its schema the words that a schema has no place for. The
// pages of docs/components and the output of `weir generate` are made from it.

import type { Table } from '../merge.js';
import type { TSchema } from '../schema/type.js';

export interface ComponentSpec {
  readonly kind: 'source' | 'transform' | 'sink';
  readonly type: string;
  readonly stability: 'experimental' | 'beta' | 'stable';
  /** Its description is the summary. */
  readonly schema: TSchema;
  /** Id that examples use. */
  readonly exampleId: string;
  /** Settings of a small, complete example; `type` and the inputs of others come by themselves. */
  readonly example: Table;
  /** Settings of other sections that it cannot do without, by section. */
  readonly needs?: Readonly<Record<string, Table>>;
  /** Files that the example needs beside it, by name. */
  readonly exampleFiles?: Readonly<Record<string, string>>;
  /** What it promises, one sentence each. */
  readonly guarantees: readonly string[];
  /** What can go wrong, and what then happens. */
  readonly failures: readonly (readonly [what: string, then: string])[];
  /** Names of the metrics with its component_id. */
  readonly metrics: readonly string[];
}
