// Checking a bundle or a proof with public keys alone: what the stand-alone verifier does, with
// text for people around it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, WeirError } from '@weir/pipeline';
import {
  type BundleReport,
  linesOf,
  type ProofReport,
  type SinkFigures,
  type StreamFigures,
  verifyBundle,
  verifyProof,
} from '@weir/verifier';
import { Decompressor } from 'zstd-napi';
import { KEYS_FOLDER } from '../verify/sink-record.js';
import { table } from './table.js';

export interface OfflineFlags {
  readonly key?: readonly string[];
  readonly anchor?: readonly string[];
  readonly data?: string;
  readonly json?: true;
}

interface Keys {
  readonly lines: readonly string[];
  /** Where they come from, when nobody named them. */
  readonly note: string | null;
}

const KEY_START = /^weir\/(node|loader)\//;
/** The line of a signature begins with a dash. */
const SIGNATURE_START = '\n\n\u2014 ';

/** Throws WEIR_USAGE: without a key nothing can be checked. */
function keysOf(flags: OfflineFlags): Keys {
  if (flags.key !== undefined && flags.key.length > 0)
    return { lines: flags.key.flatMap(linesOfFile), note: null };
  if (flags.data === undefined)
    throw new WeirError(
      'WEIR_USAGE',
      'name the keys to trust with --key FILE (the .pub files of the node), or --data DIR',
    );
  const directory = join(flags.data, KEYS_FOLDER);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const files = names.filter((name) => name.endsWith('.pub')).sort();
  if (files.length === 0)
    throw new WeirError('WEIR_USAGE', `there is no .pub file in ${directory}; name one with --key`);
  return {
    lines: files.flatMap((name) => linesOfFile(join(directory, name))),
    note: `trusting the keys in ${directory}; whoever holds that directory could have changed them`,
  };
}

function linesOfFile(path: string): string[] {
  const lines = textOf(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0 || lines.some((line) => !KEY_START.test(line)))
    throw new WeirError(
      'WEIR_USAGE',
      `${path} is no public key of a node; name node.pub, loader.pub`,
    );
  return lines;
}

/** Tools that print a note may put a newline behind it. */
function anchorOf(path: string): string {
  const text = textOf(path).trim();
  if (!text.includes(SIGNATURE_START))
    throw new WeirError('WEIR_USAGE', `${path} holds no signed checkpoint`);
  return `${text}\n`;
}

const textOf = (path: string): string => bytesOf(path).toString('utf8');

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WeirError('WEIR_USAGE', `cannot read ${path}: ${messageOf(error)}`);
  }
}

/** Resolves with the exit code: 0 if it holds and closes, else 1. */
export async function checkBundle(file: string, flags: OfflineFlags): Promise<number> {
  const keys = keysOf(flags);
  const report = await verifyBundle(linesOf(bytesOf(file)), {
    keys: keys.lines,
    anchors: (flags.anchor ?? []).map(anchorOf),
  });
  process.stdout.write(`${flags.json ? JSON.stringify(report, null, 2) : bundleText(report)}\n`);
  say(keys, report.problems);
  return report.holds && report.closes ? 0 : 1;
}

/** Resolves with the exit code. */
export function checkProof(file: string, flags: OfflineFlags): number {
  const keys = keysOf(flags);
  const report = verifyProof(textOf(file).trim(), { keys: keys.lines, decompress });
  const event = report.event === null ? null : report.event.toString('utf8');
  const shown = flags.json ? JSON.stringify({ ...report, event }, null, 2) : proofText(report);
  process.stdout.write(`${shown}\n`);
  say(keys, report.problems);
  return report.holds ? 0 : 1;
}

function decompress(bytes: Uint8Array, rawLength: number): Uint8Array {
  const raw = new Decompressor().decompress(bytes);
  if (raw.length !== rawLength) throw new Error('the payload has another length');
  return raw;
}

function say({ note }: Keys, problems: readonly string[]): void {
  if (note !== null) process.stderr.write(`weir: ${note}\n`);
  for (const problem of problems) process.stderr.write(`weir: ${problem}\n`);
}

const COLUMNS = ['issued', 'stored', 'quarantined', 'filtered'] as const;

function bundleText(report: BundleReport): string {
  const { node, tree, size, checkpoints, unanchored, incomparable, sinks } = report;
  const parts = sinks.map(sinkText);
  if (report.holds) {
    const tail = unanchored === 0 ? 'all anchored' : `${unanchored} not anchored`;
    const signed = `${size} frames under ${checkpoints} checkpoints, ${tail}`;
    parts.push(`node ${node}, tree ${tree}: ${signed}`);
    if (incomparable > 0)
      parts.push(
        `${incomparable} given checkpoints could NOT be compared: they are older than the leaves here`,
      );
  }
  parts.push(
    report.holds
      ? report.closes
        ? `the bundle holds, and every number is accounted for${inFlightText(sinks)}`
        : 'the bundle holds, and numbers are MISSING'
      : 'the bundle does NOT hold',
  );
  return parts.join('\n\n');
}

/** Accounted for by a frame that is still there: no receipt says that it was delivered. */
function inFlightText(sinks: readonly SinkFigures[]): string {
  const counts = sinks.map(({ id, streams }) => ({
    id,
    count: streams.reduce((sum, { inFlight }) => sum + inFlight, 0),
  }));
  const open = counts.filter(({ count }) => count > 0).map(({ id, count }) => `${count} for ${id}`);
  return open.length === 0 ? '' : `; still in flight: ${open.join(', ')}`;
}

function sinkText({ id, type, required, signed, streams }: SinkFigures): string {
  const head = ['tenant', 'stream', 'epoch', ...COLUMNS, 'lost', 'inFlight', 'missing', 'refused'];
  const rows = streams.map((stream) => [
    stream.tenant,
    stream.stream,
    stream.epoch,
    ...COLUMNS.map((name) => String(stream[name])),
    causesOf(stream.lost) || '0',
    String(stream.inFlight),
    String(missingOf(stream)),
    causesOf(stream.refused) || '-',
  ]);
  const words = [type, required ? '' : 'optional', signed ? '' : 'signed at the export'];
  const title = `sink ${id} (${words.filter((word) => word !== '').join(', ')})`;
  return [title, ...table([head, ...rows])].join('\n');
}

const causesOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([cause, count]) => `${cause}=${count}`)
    .join(' ');

const missingOf = ({ missing }: StreamFigures): number =>
  missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);

function proofText(report: ProofReport): string {
  if (!report.holds) return 'the proof does NOT hold';
  const { tenant, stream, epoch, seq, index, size, origin, event } = report;
  const sentence =
    `the proof holds: event ${seq} of ${tenant} ${stream} epoch ${epoch} is in frame ${index} ` +
    `of the ${size} that ${origin} signed`;
  return event === null ? sentence : `${sentence}\n\n${event.toString('utf8')}`;
}
