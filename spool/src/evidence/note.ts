// Signed notes: C2SP signed-note with Ed25519 (https://c2sp.org/signed-note), and the keys that
// verify them.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

const ALGORITHM_ED25519 = 1;
const KEY_HASH_BYTES = 4;
const SIGNATURE_BYTES = 64;
const PUBLIC_KEY_BYTES = 32;
/** Longer notes and more signatures than this are refused: no note of Weir comes near. */
const NOTE_CHARACTERS_MAX = 1024 * 1024;
const SIGNATURES_MAX = 100;
const SIGNATURE_START = '\u2014 ';
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A public key with the name that it signs for. */
export interface VerifierKey {
  readonly name: string;
  /** Short hash of name and key, which signature lines begin with. */
  readonly keyHash: Buffer;
  readonly publicKey: KeyObject;
  /** `<name>+<hash>+<base64>`, as in the .pub file. */
  readonly text: string;
}

/** Signs for one name. */
export interface Signer {
  readonly verifierKey: VerifierKey;
  /** 64 bytes over the bytes of a note's text. */
  sign(text: Uint8Array): Buffer;
}

/** No space (of any kind), no plus, nothing that is not printable. */
const isName = (name: string): boolean => name.length > 0 && /^[^\s+\p{Cc}\p{Cs}]+$/u.test(name);

/** Base64 of RFC 4648 section 4 in its one canonical form; null for anything else. */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** `rawPublicKey` is 32 bytes. */
export function verifierKeyOf(name: string, rawPublicKey: Uint8Array): VerifierKey {
  const typed = Buffer.concat([Buffer.from([ALGORITHM_ED25519]), rawPublicKey]);
  const keyHash = createHash('sha256')
    .update(`${name}\n`)
    .update(typed)
    .digest()
    .subarray(0, KEY_HASH_BYTES);
  const der = Buffer.concat([SPKI_PREFIX, rawPublicKey]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const text = `${name}+${keyHash.toString('hex')}+${typed.toString('base64')}`;
  return { name, keyHash, publicKey, text };
}

/** Null if it is not a verifier key of an Ed25519 key, or its hash does not fit. */
export function parseVerifierKey(text: string): VerifierKey | null {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name = '', hash = '', base64 = ''] = match ?? [];
  const typed = fromBase64(base64);
  if (match === null || !isName(name) || typed === null) return null;
  if (typed.length !== 1 + PUBLIC_KEY_BYTES || typed[0] !== ALGORITHM_ED25519) return null;
  const key = verifierKeyOf(name, typed.subarray(1));
  return key.keyHash.toString('hex') === hash ? key : null;
}

/** The note of a text that ends with a newline. */
export function signNote(text: string, signer: Signer): string {
  const { name, keyHash } = signer.verifierKey;
  const signature = Buffer.concat([keyHash, signer.sign(Buffer.from(text))]);
  return `${text}\n${SIGNATURE_START}${name} ${signature.toString('base64')}\n`;
}

/** A note that at least one known key has signed. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the known keys that signed it. */
  readonly signedBy: readonly string[];
}
export interface RefusedNote {
  readonly problem: string;
}

/**
 * Checks the signatures of the given keys; those of others are left out of account, as the format
 * wants. A wrong one of a given key refuses the note.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): OpenedNote | RefusedNote {
  const parts = splitNote(note);
  if ('problem' in parts) return parts;
  const text = Buffer.from(parts.text);
  const signedBy: string[] = [];
  for (const { name, signature } of parts.signatures) {
    const keyHash = signature.subarray(0, KEY_HASH_BYTES);
    const key = keys.find((one) => one.name === name && one.keyHash.equals(keyHash));
    if (key === undefined || signedBy.includes(name)) continue;
    const proof = signature.subarray(KEY_HASH_BYTES);
    if (proof.length !== SIGNATURE_BYTES || !verify(null, text, key.publicKey, proof))
      return { problem: `the signature of ${name} is wrong` };
    signedBy.push(name);
  }
  if (signedBy.length === 0) return { problem: 'no given key has signed the note' };
  return { text: parts.text, signedBy };
}

interface NoteParts {
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly signature: Buffer }[];
}

/** Text and signature lines, nothing verified. */
export function splitNote(note: string): NoteParts | RefusedNote {
  if (note.length > NOTE_CHARACTERS_MAX) return { problem: 'the note is too long' };
  if (/[\p{Cs}]/u.test(note)) return { problem: 'the note is not valid UTF-8' };
  if ([...controlCharacters].some((one) => one !== '\n' && note.includes(one)))
    return { problem: 'the note has control characters' };
  const end = note.lastIndexOf('\n\n');
  if (end < 0) return { problem: 'the note has no signatures' };
  const lines = note.slice(end + 2).split('\n');
  if (lines.pop() !== '') return { problem: 'the note does not end with a newline' };
  if (lines.length === 0) return { problem: 'the note has no signatures' };
  if (lines.length > SIGNATURES_MAX) return { problem: 'the note has too many signatures' };
  const signatures: { name: string; signature: Buffer }[] = [];
  for (const line of lines) {
    const fields = line.startsWith(SIGNATURE_START)
      ? line.slice(SIGNATURE_START.length).split(' ')
      : [];
    const [name = '', base64 = ''] = fields;
    const signature = fromBase64(base64);
    const isWhole = fields.length === 2 && isName(name) && signature !== null;
    if (!isWhole || signature.length <= KEY_HASH_BYTES)
      return { problem: 'a signature line is malformed' };
    signatures.push({ name, signature });
  }
  return { text: note.slice(0, end + 1), signatures };
}

const controlCharacters = new Set(
  Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
);
