// The text that a receipt's note signs, and the record that holds note and document. EVIDENCE.md
// "Receipts".
import { createHash } from 'node:crypto';
import { viewOf } from '../layout.js';
import { MalformedError } from '../sink-ledger/byte-writer.js';
import type { ReceiptDocument } from './outcomes.js';

/** A receipt as it is stored and exported: a signed note, and the document that it names. */
export interface StoredReceipt {
  readonly note: string;
  readonly document: string;
}

export interface ReceiptHead {
  readonly number: number;
  /** SHA-256 of the text of the note before. */
  readonly previous: Uint8Array;
}

export const NO_PREVIOUS: Uint8Array = new Uint8Array(32);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const sha256 = (text: string): Uint8Array => createHash('sha256').update(text, 'utf8').digest();

/** `signer` is the name of the loader key. */
export function receiptText(
  signer: string,
  sink: string,
  { number, previous }: ReceiptHead,
  document: string,
): string {
  const outcomes = base64Of(sha256(document));
  return `${signer}/${sink}\nreceipt ${number}\nprevious ${base64Of(previous)}\noutcomes ${outcomes}\n`;
}

/** What the next receipt names as its previous one. */
export const hashOfText = (note: string): Uint8Array => sha256(textOfNote(note));

/** The part of a note that its signatures cover. Throws MalformedError. */
export function textOfNote(note: string): string {
  const end = note.lastIndexOf('\n\n');
  if (end < 0) throw new MalformedError('a note without signature');
  return note.slice(0, end + 1);
}

/** Throws MalformedError. */
export function numberOfNote(note: string): number {
  const match = /^receipt ([1-9][0-9]{0,15})$/.exec(note.split('\n')[1] ?? '');
  if (match === null) throw new MalformedError('a note that is no receipt');
  return Number(match[1]);
}

export function encodeReceipt({ note, document }: StoredReceipt): Uint8Array {
  const parts = [encoder.encode(note), encoder.encode(document)];
  const body = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    viewOf(body).setUint32(at, part.length, true);
    body.set(part, at + 4);
    at += 4 + part.length;
  }
  return body;
}

/** Throws MalformedError. */
export function decodeReceipt(body: Uint8Array): StoredReceipt {
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < 2; i++) {
    if (at + 4 > body.length) throw new MalformedError('a receipt that is cut short');
    const length = viewOf(body).getUint32(at, true);
    if (at + 4 + length > body.length) throw new MalformedError('a receipt that is cut short');
    texts.push(decoder.decode(body.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  const [note = '', document = ''] = texts;
  return { note, document };
}

/** Throws MalformedError. */
export function parseDocument(document: string): ReceiptDocument {
  try {
    return JSON.parse(document) as ReceiptDocument;
  } catch {
    throw new MalformedError('a document that is no JSON');
  }
}
