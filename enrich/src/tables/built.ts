export interface BuiltTable {
  readonly bytes: SharedArrayBuffer;
  /** Keys that can be found; of an MMDB file the nodes of its tree. */
  readonly keyCount: number;
  /** Rows of the file that were left out, and why the first of them was. */
  readonly rejectedCount: number;
  readonly firstRejection: string;
}
