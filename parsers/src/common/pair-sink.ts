// Where readers of JSON, XML and the like give the pairs that they find, in the order of the event.

export interface PairSink {
  /**
   * One pair. The key is keySource[keyFrom, keyTo), nested keys joined with dots; `keyInPlace` is
   * its absolute start when it stands in the bytes, else -1. The value is [start, end), absolute,
   * in the bytes or in scratch; `isText` tells a string from a literal (a number, true, an array).
   * `position` is where the value stands in the bytes, for marks.
   */
  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    isText: boolean,
    position: number,
  ): void;
  /**
   * Asked of JSON once for each object within the outermost one: whether its members are wanted by
   * their own names. Those that have no escapes and are no objects then go to `member`, and their
   * paths are not put together.
   */
  wantsMembers?(path: Uint8Array, pathLength: number): boolean;
  /** A member of such an object. Its name stands in `bytes`; the value is as that of `pair`. */
  member?(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    isText: boolean,
  ): void;
}
