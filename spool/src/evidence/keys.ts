// The private keys of a node: made once, never replaced. EVIDENCE.md "Keys".
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { FileMode, Files, Random } from '@weir/pipeline';
import { messageOf, systemCodeOf } from '@weir/pipeline';
import { TEMPORARY_SUFFIX } from '../layout.js';
import { removeIfThere } from '../small-files.js';
import { parseVerifierKey, type Signer, type VerifierKey, verifierKeyOf } from './note.js';

const KEY_FILE_BYTES_MAX = 16 * 1024;
const SEED_BYTES = 32;
/** PKCS#8 of an Ed25519 key up to its seed, RFC 8410 section 7. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_BYTES = 32;

/** Names of the two keys of a node. */
export type KeyRole = 'node' | 'loader';
export const keyNameOf = (role: KeyRole, nodeId: string): string => `weir/${role}/${nodeId}`;

export interface KeyPlace {
  readonly files: Files;
  readonly random: Random;
  /** Made when it is not there; its parent must exist. */
  readonly directory: string;
  readonly role: KeyRole;
  readonly nodeId: string;
}

/** `key_unreadable`: not a key, or the system refuses it. `key_mismatch`: it is another name's. */
export type KeyProblem = 'key_unreadable' | 'key_mismatch' | 'no_space' | 'io';
export type SignerOpening =
  | { readonly signer: Signer; readonly isNew: boolean }
  | { readonly problem: KeyProblem; readonly message: string };

/** Of an Ed25519 key that is in memory, for tests and for tools. */
export function signerOf(name: string, privateKey: KeyObject): Signer {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const verifierKey = verifierKeyOf(name, spki.subarray(spki.length - PUBLIC_KEY_BYTES));
  return { verifierKey, sign: (text) => sign(null, text, privateKey) };
}

/** `seed` is 32 bytes. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([PKCS8_PREFIX, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/**
 * Opens `<role>.key`, or makes it when there is none. Never rejects: what is wrong with the key is
 * a value, because events go on without it.
 */
export async function openSigner(place: KeyPlace): Promise<SignerOpening> {
  try {
    return await open(place);
  } catch (error) {
    const code = systemCodeOf(error);
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    const isRefused = code === 'EACCES' || code === 'EPERM';
    const problem = isFull ? 'no_space' : isRefused ? 'key_unreadable' : 'io';
    return { problem, message: `the ${place.role} key: ${messageOf(error)}` };
  }
}

async function open(place: KeyPlace): Promise<SignerOpening> {
  const { files, random, directory, role, nodeId } = place;
  const name = keyNameOf(role, nodeId);
  const found = await readText(files, `${directory}/${role}.key`);
  const stored = await readText(files, `${directory}/${role}.pub`);
  if (found === null) {
    // A public key without its private one tells of a key that was taken away.
    if (stored !== null)
      return { problem: 'key_unreadable', message: `${role}.key is gone, ${role}.pub is there` };
    const privateKey = privateKeyOf(random.bytes(SEED_BYTES));
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    await files.makeDir(directory);
    await files.syncDir(parentOf(directory));
    await store(place, `${role}.key`, pem, 'create_private');
    const signer = signerOf(name, privateKey);
    await store(place, `${role}.pub`, `${signer.verifierKey.text}\n`, 'create');
    return { signer, isNew: true };
  }
  const privateKey = parsePrivateKey(found);
  if (privateKey === null)
    return { problem: 'key_unreadable', message: `${role}.key holds no Ed25519 key` };
  const signer = signerOf(name, privateKey);
  if (stored === null) await store(place, `${role}.pub`, `${signer.verifierKey.text}\n`, 'create');
  else if (stored.trim() !== signer.verifierKey.text)
    return {
      problem: 'key_mismatch',
      message: `${role}.key is not that of ${role}.pub for ${name}`,
    };
  // Their names may be in memory only: whoever made them was told so, or was killed before.
  else await files.syncDir(directory);
  return { signer, isNew: false };
}

/** The verifier key in `<role>.pub`; null if it is not there or is none. */
export async function readVerifierKey(
  files: Files,
  directory: string,
  role: KeyRole,
): Promise<VerifierKey | null> {
  const text = await readText(files, `${directory}/${role}.pub`);
  return text === null ? null : parseVerifierKey(text.trim());
}

function parsePrivateKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** Null if there is none. What cannot be read is an error, and not an empty file. */
async function readText(files: Files, path: string): Promise<string | null> {
  const size = await files.sizeBytes(path);
  if (size === null) return null;
  const handle = await files.open(path, 'read');
  try {
    const bytes = new Uint8Array(Math.min(size, KEY_FILE_BYTES_MAX));
    const length = await handle.read(bytes, 0);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    await handle.close();
  }
}

async function store(place: KeyPlace, name: string, text: string, mode: FileMode): Promise<void> {
  const { files, directory } = place;
  const path = `${directory}/${name}`;
  const temporary = path + TEMPORARY_SUFFIX;
  await removeIfThere(files, temporary);
  const handle = await files.open(temporary, mode);
  try {
    await handle.write([Buffer.from(text)], 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await files.rename(temporary, path);
  await files.syncDir(directory);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
