// What a sender can keep of a request: the newest checkpoint in a header, and on request a receipt
// that the node has signed. spool/EVIDENCE.md "Receipts".
import { createHash } from 'node:crypto';
import type { AdmittedPart } from '@weir/pipeline';

export const CHECKPOINT_HEADER = 'weir-checkpoint';
const PREFERENCE = 'receipt=signed';

/** What signs, as the collector gives it. */
export interface IngestEvidence {
  /** 12 hex digits. */
  readonly nodeId: string;
  /** Base64 of the newest checkpoint's note; null while there is none. */
  readonly checkpoint: () => string | null;
  /** A note of the node's key over a text that ends with a newline; null while it cannot sign. */
  readonly sign: (text: string) => string | null;
}

/** `Prefer: receipt=signed` (RFC 7240), alone or among other preferences. */
export function wantsReceipt(prefer: string | string[] | undefined): boolean {
  const values = Array.isArray(prefer) ? prefer : [prefer ?? ''];
  return values.some((value) =>
    value
      .split(',')
      .some((preference) => preference.split(';')[0]?.replaceAll(/[\s"]/g, '') === PREFERENCE),
  );
}

/** Gathers what became durable of one request. */
export class ReceiptDraft {
  readonly #parts: AdmittedPart[] = [];
  #bodyHash = '';

  /** As it was sent, before it is decompressed. */
  noteBody(bytes: Uint8Array): void {
    this.#bodyHash = createHash('sha256').update(bytes).digest('base64');
  }
  notePart(part: AdmittedPart): void {
    this.#parts.push(part);
  }

  /**
   * The text to sign: one line for each dense range of numbers, in the order of the items. Null if
   * some of the items were stored by an earlier attempt, whose numbers are not known here.
   */
  text(nodeId: string, tenant: string, itemCount: number): string | null {
    const parts = this.#parts.sort((a, b) => a.itemIndexFirst - b.itemIndexFirst);
    const ranges: { stream: string; epoch: bigint; seqFirst: number; count: number }[] = [];
    let itemIndex = 0;
    for (const { itemIndexFirst, eventCount, stream, epoch, seqFirst } of parts) {
      if (itemIndexFirst !== itemIndex) return null;
      itemIndex += eventCount;
      const last = ranges.at(-1);
      const isDense =
        last?.stream === stream && last.epoch === epoch && last.seqFirst + last.count === seqFirst;
      if (isDense) last.count += eventCount;
      else ranges.push({ stream, epoch, seqFirst, count: eventCount });
    }
    if (itemIndex !== itemCount || itemCount === 0) return null;
    const lines = ranges.map(
      ({ stream, epoch, seqFirst, count }) =>
        `accepted ${tenant} ${stream} ${epoch} ${seqFirst} ${count}`,
    );
    return [`weir/node/${nodeId}`, ...lines, `body ${this.#bodyHash}`, ''].join('\n');
  }
}
