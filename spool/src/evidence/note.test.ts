// Scenario: notes as others write them, and notes that somebody altered. Guarantees: the format of
// C2SP signed-note, with keys of its own published example, and every alteration is refused.
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { encodeCheckpointText, parseCheckpointText } from './checkpoint-note.js';
import { privateKeyOf, signerOf } from './keys.js';
import { EMPTY_ROOT } from './merkle.js';
import { fromBase64, openNote, parseVerifierKey, signNote, splitNote } from './note.js';

// The example of golang.org/x/mod/sumdb/note, which signed-note is taken from.
const peterKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const peterText =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n";
const peterSignature =
  'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
const peterNote = `${peterText}\n\u2014 PeterNeumann ${peterSignature}\n`;

const signer = signerOf('weir/node/0123456789ab', privateKeyOf(new Uint8Array(32).fill(7)));
const other = signerOf('weir/node/0123456789ab', privateKeyOf(new Uint8Array(32).fill(8)));
const keys = [signer.verifierKey];

t.test('the published example verifies', async (t) => {
  const key = parseVerifierKey(peterKey);
  t.ok(key);
  t.equal(key?.text, peterKey);
  t.same(openNote(peterNote, key ? [key] : []), { text: peterText, signedBy: ['PeterNeumann'] });
});

t.test('what it signs it opens', async (t) => {
  const note = signNote('line one\n\nline two\n', signer);
  t.same(openNote(note, keys), {
    text: 'line one\n\nline two\n',
    signedBy: ['weir/node/0123456789ab'],
  });
  t.same(parseVerifierKey(signer.verifierKey.text)?.text, signer.verifierKey.text);
  const both = `${note}${signNote('line one\n\nline two\n', other).split('\n\n').at(-1)}`;
  t.same(openNote(both, keys), { text: 'line one\n\nline two\n', signedBy: [keys[0]?.name] });
});

t.test('a note of no given key is refused', async (t) => {
  t.match(openNote(signNote('a\n', other), keys), { problem: /no given key/ });
  t.match(openNote(signNote('a\n', signer), []), { problem: /no given key/ });
});

t.test('every flipped bit is refused', async (t) => {
  const note = Buffer.from(signNote('origin\n12\nAAAA\n', signer));
  for (let bit = 0; bit < note.length * 8; bit++) {
    const copy = Buffer.from(note);
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    const opened = openNote(copy.toString(), keys);
    if (!('problem' in opened)) t.fail(`bit ${bit} is not noticed`);
  }
});

t.test('malformed notes', async (t) => {
  const good = signNote('a\n', signer);
  const line = good.split('\n').at(-2) as string;
  const long = `${line}\n`.repeat(101);
  for (const [what, note] of [
    ['empty', ''],
    ['no signature', 'a\n\n'],
    ['no empty line', `a\n${line}\n`],
    ['no newline at the end', good.slice(0, -1)],
    ['a hyphen for the dash', good.replace('\u2014', '-')],
    ['a second space', good.replace(`${signer.verifierKey.name} `, `${signer.verifierKey.name}  `)],
    ['a carriage return', good.replace('\n\n', '\r\n\r\n')],
    ['a control character', `a\u0001\n\n${line}\n`],
    ['a half surrogate', `a\ud800\n\n${line}\n`],
    ['a signature without padding', good.replace(/=+\n$/, '\n')],
    ['a signature of base64url', good.replace(/[+/]/, '-')],
    ['a signature cut short', good.replace(/[A-Za-z0-9+/]{4}([A-Za-z0-9+/]{3}=\n)$/, '$1')],
    ['text without newline', `a${good.slice(1).replace('\n\n', '\n')}`],
    ['too many signatures', `a\n\n${long}`],
  ] as const)
    t.match(openNote(note, keys), { problem: String }, what);
  t.match(splitNote(good), { text: 'a\n', signatures: [{ name: signer.verifierKey.name }] });
});

t.test('signatures that are valid only to a careless verifier are refused', async (t) => {
  const text = 'weir\n';
  const note = signNote(text, signer);
  const parts = splitNote(note);
  if ('problem' in parts) return t.fail(parts.problem);
  const bytes = parts.signatures[0]?.signature as Buffer;
  // S + L instead of S (RFC 8032 section 5.1.7 wants S < L), zeros, R of small order, cut, longer.
  const groupOrder = Buffer.from(
    'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010',
    'hex',
  );
  const malleable = Buffer.from(bytes);
  let carry = 0;
  for (let i = 0; i < 32; i++) {
    const sum = (bytes[36 + i] as number) + (groupOrder[i] as number) + carry;
    malleable[36 + i] = sum & 255;
    carry = sum >> 8;
  }
  const zeros = Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(64)]);
  const identity = Buffer.concat([bytes.subarray(0, 4), Buffer.from([1]), Buffer.alloc(63)]);
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  for (const [what, signature] of [
    ['S + L', malleable],
    ['zeros', zeros],
    ['identity', identity],
    ['cut', bytes.subarray(0, 67)],
    ['longer', longer],
    ['only the hash', bytes.subarray(0, 4)],
  ] as const) {
    const forged = `${text}\n\u2014 ${signer.verifierKey.name} ${signature.toString('base64')}\n`;
    t.match(openNote(forged, keys), { problem: String }, what);
  }
  return undefined;
});

t.test('verifier keys', async (t) => {
  const { text } = signer.verifierKey;
  const [name, hash, key] = text.split('+', 2).concat(text.split('+').slice(2).join('+'));
  for (const wrong of [
    '',
    `${name}+${hash}`,
    `${name}+00000000+${key}`,
    `other+${hash}+${key}`,
    `${name}+${hash?.toUpperCase()}1+${key}`,
    `${name}+${hash}+${key?.slice(4)}`,
    `a b+${hash}+${key}`,
    `${text}\n`,
  ])
    t.equal(parseVerifierKey(wrong), null, wrong);
  const { privateKey } = generateKeyPairSync('ed25519');
  const fresh = signerOf('somebody', privateKey);
  t.same(openNote(signNote('x\n', fresh), [fresh.verifierKey]), {
    text: 'x\n',
    signedBy: ['somebody'],
  });
});

t.test('checkpoint texts', async (t) => {
  const checkpoint = {
    nodeId: '0123456789ab',
    treeNumber: 3,
    size: 4_503_599_627_370_496,
    root: EMPTY_ROOT,
    stateHash: EMPTY_ROOT,
  };
  const text = encodeCheckpointText(checkpoint);
  t.equal(text.split('\n').length, 5);
  t.match(parseCheckpointText(text), { nodeId: '0123456789ab', treeNumber: 3 });
  t.equal(parseCheckpointText(text)?.size, checkpoint.size);
  for (const wrong of [
    text.replace('/3\n', '/0\n'),
    text.replace('/3\n', '/03\n'),
    text.replace('4503', '04503'),
    text.replace('4503599627370496', '9007199254740993'),
    text.replace('state ', 'State '),
    text.replace('=\n', '\n'),
    text.slice(0, -1),
    `${text}more\n`,
    text.replace('0123456789ab', '0123456789AB'),
  ])
    t.equal(parseCheckpointText(wrong), null, JSON.stringify(wrong));
  t.equal(fromBase64('AB=='), null, 'base64 has one form');
});
