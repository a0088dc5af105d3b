// Which numbers the checkpoints of a tree say were issued.
import {
  nodeOfStream,
  parseStateDocument,
  RangeSet,
  type ReceiptDocument,
  type TreeReading,
} from '@weir/spool';

interface Known {
  lastSeq: number;
  /** Of another node's stream; null for an own one, which has all numbers up to lastSeq. */
  readonly received: RangeSet | null;
}

export class Issued {
  readonly #streams = new Map<string, Known>();
  /** Streams of a tree that was begun anew were issued in another. */
  readonly #isFirstTree: boolean;

  private constructor(isFirstTree: boolean) {
    this.#isFirstTree = isFirstTree;
  }

  static of(tree: TreeReading | null, nodeId: string): Issued {
    const issued = new Issued((tree?.treeNumber ?? 1) === 1);
    for (const { state } of tree?.checkpoints ?? []) issued.#note(state, nodeId);
    if (tree?.checkpoints.length === 0)
      for (const { state } of tree.history) issued.#note(state, nodeId);
    return issued;
  }

  #note(state: string, nodeId: string): void {
    for (const { tenant, stream, epoch, lastSeq, received } of parseStateDocument(state)?.streams ??
      []) {
      const isOwn = (nodeOfStream(stream) ?? nodeId) === nodeId;
      const key = keyOf(tenant, stream, epoch);
      const known = this.#streams.get(key) ?? { lastSeq, received: isOwn ? null : new RangeSet() };
      known.lastSeq = Math.max(known.lastSeq, lastSeq);
      for (const [first, last] of received ?? []) known.received?.add(first, last);
      this.#streams.set(key, known);
    }
  }

  /** No number is named that was never issued. */
  covers({ streams }: ReceiptDocument): boolean {
    return streams.every((named) => {
      const { tenant, stream, epoch, stored, quarantined, filtered, lost, settled = [] } = named;
      const known = this.#streams.get(keyOf(tenant, stream, epoch));
      const ranges = [stored, quarantined, filtered, lost, settled].flat();
      if (known === undefined) return ranges.length === 0 || !this.#isFirstTree;
      return ranges.every(([first, last]) =>
        known.received === null
          ? last <= known.lastSeq
          : known.received.has(first, last) || !this.#isFirstTree,
      );
    });
  }
}

const keyOf = (tenant: string, stream: string, epoch: string): string =>
  JSON.stringify([tenant, stream, epoch]);
