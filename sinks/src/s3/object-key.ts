// The name of an object, from the rows that are in it: the same rows have the same name whenever
// they come, so a repeat replaces the object by an equal one.
import { createHash } from 'node:crypto';
import type { BodyCompression } from '../http/body.js';

const LINE_FEED = 0x0a;
const decoder = new TextDecoder();
const ENDINGS: Readonly<Record<BodyCompression, string>> = { none: '', zstd: '.zst', gzip: '.gz' };
/** Names of tenants and streams are cut in the key: the lines of the object have them whole. */
const PART_CHARS_MAX = 100;
/** Keeps apart what looks the same after that. */
const DIGEST_CHARS = 12;

export interface ObjectName {
  readonly key: string;
  /** `tenant/stream/epoch/seq` of the first and of the last row, each part as in the key. */
  readonly first: string;
  readonly last: string;
}

interface Identity {
  readonly tenant_id: string;
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly ingest_time: string;
}

/**
 * `<prefix><tenant>-<stream>-<epoch>-<seq>-<rows>-<digest>.ndjson.zst`: the first row, how many, and
 * a digest of the first and the last. Null where the lines are no events of ours.
 */
export function objectNameOf(
  blocks: readonly Uint8Array[],
  rowCount: number,
  { prefix, compression }: { readonly prefix: string; readonly compression: BodyCompression },
): ObjectName | null {
  const filled = blocks.filter(({ length }) => length > 0);
  const first = identityOf(firstLine(filled[0]));
  const last = identityOf(lastLine(filled.at(-1)));
  if (first === null || last === null) return null;
  const place = prefix.replaceAll('{date}', first.ingest_time.slice(0, 10));
  const name = `${nameOf(first, '-')}-${rowCount}-${digestOf([first, last, rowCount])}`;
  return {
    key: `${place}${name}.ndjson${ENDINGS[compression]}`,
    first: nameOf(first, '/'),
    last: nameOf(last, '/'),
  };
}

const nameOf = ({ tenant_id, stream, epoch, seq }: Identity, between: string): string =>
  [safe(tenant_id), safe(stream), epoch, String(seq)].join(between);

const digestOf = (what: unknown): string =>
  createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, DIGEST_CHARS);

/** Characters that every store and every tool takes in a name. */
const safe = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9._]/g, '_').slice(0, PART_CHARS_MAX);

function firstLine(block: Uint8Array | undefined): string {
  if (block === undefined) return '';
  const end = block.indexOf(LINE_FEED);
  return decoder.decode(end < 0 ? block : block.subarray(0, end));
}

function lastLine(block: Uint8Array | undefined): string {
  if (block === undefined) return '';
  const end = block.at(-1) === LINE_FEED ? block.length - 1 : block.length;
  const begin = block.lastIndexOf(LINE_FEED, end - 1) + 1;
  return decoder.decode(block.subarray(begin, end));
}

function identityOf(line: string): Identity | null {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof row !== 'object' || row === null) return null;
  const { tenant_id, stream, epoch, seq, ingest_time } = row as Record<string, unknown>;
  if (typeof tenant_id !== 'string' || typeof stream !== 'string') return null;
  if (typeof epoch !== 'string' || typeof seq !== 'number') return null;
  if (typeof ingest_time !== 'string') return null;
  return { tenant_id, stream, epoch, seq, ingest_time };
}
