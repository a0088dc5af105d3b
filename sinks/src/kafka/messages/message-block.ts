// Messages one behind the other in one piece of memory, so that a worker hands them over without an
// object for each: length of the head, length of the value, the head as JSON, the value.
import { Buffer } from 'node:buffer';
import { assert, outputMemory } from '@weir/pipeline';

/** What the producer has to know of a message whose value it does not read. */
export interface MessageHead {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal. */
  readonly epoch: string;
  readonly seqFirst: number;
  readonly seqLast: number;
  readonly eventCount: number;
}

export interface Message {
  readonly head: MessageHead;
  /** A view; with a zero in the place of the schema's id. */
  readonly value: Buffer;
}

const LENGTHS_BYTES = 8;

export function blockOfMessages(
  messages: readonly { readonly head: MessageHead; readonly value: Uint8Array }[],
): Uint8Array<ArrayBuffer> {
  const heads = messages.map(({ head }) => Buffer.from(JSON.stringify(head)));
  let length = 0;
  messages.forEach(({ value }, i) => {
    length += LENGTHS_BYTES + (heads[i] as Buffer).length + value.length;
  });
  const block = outputMemory.take(length);
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  let at = 0;
  messages.forEach(({ value }, i) => {
    const head = heads[i] as Buffer;
    view.setUint32(at, head.length);
    view.setUint32(at + 4, value.length);
    block.set(head, at + LENGTHS_BYTES);
    block.set(value, at + LENGTHS_BYTES + head.length);
    at += LENGTHS_BYTES + head.length + value.length;
  });
  return block;
}

export function messagesOf(block: Uint8Array): Message[] {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const headEnd = at + LENGTHS_BYTES + bytes.readUInt32BE(at);
    const valueEnd = headEnd + bytes.readUInt32BE(at + 4);
    assert(valueEnd <= bytes.length, 'a block holds whole messages');
    const head = JSON.parse(bytes.toString('utf8', at + LENGTHS_BYTES, headEnd)) as MessageHead;
    messages.push({ head, value: bytes.subarray(headEnd, valueEnd) });
    at = valueEnd;
  }
  return messages;
}
