// A table of indicators of compromise from a file. The columns of a row:
//
//   indicator    address, network (CIDR), domain, URL, or hash of a file; [.] and hxxp are read
//   type         ip, cidr, domain, url, hash, and their usual kin; without it the form tells
//   source       who says so; `sources` with several: a list, or text with ; between them
//   tier         1 (most trusted) to 5
//   confidence   low, medium, high
//   description  free text
//   valid_until  RFC 3339 time from which it holds no more
//
// Of one indicator in several rows the sources are joined, and the best tier, the highest
// confidence and the latest end hold: more sources never lower a confidence. Tier 1 alone is high
// confidence (TI-05); without a confidence the tier says it (TIER_CONFIDENCE).
import { type Confidence, networkOf } from '@weir/pipeline';
import type { TableRow } from '../formats/rows.js';
import { TableBuilder } from '../table/builder.js';
import { domainKey, hashKey, keyBytes, urlKey } from '../table/keys.js';
import { KIND, type Kind } from '../table/layout.js';
import { TableError } from '../table-error.js';
import type { BuiltTable } from './built.js';

export const COLUMN = { sources: 0, tier: 1, confidence: 2, description: 3 } as const;
const COLUMN_COUNT = 4;
export const CONFIDENCES: readonly Confidence[] = ['low', 'medium', 'high'];
const TIER_MAX = 5;
export const TIER_CONFIDENCE: Readonly<Record<number, Confidence>> = {
  1: 'high',
  2: 'medium',
  3: 'low',
  4: 'low',
  5: 'low',
};
/** A file of which more than a tenth cannot be used is taken for broken. */
const REJECTED_SHARE_MAX = 0.1;
const SOURCES_MAX = 16;

export interface IndicatorSettings {
  readonly minConfidence: Confidence;
  /** Of rows that do not say it. */
  readonly source?: string;
  readonly tier?: number;
  readonly bytesMax: number;
}

/** Throws TableError. Rows that are no indicator are left out and counted. */
export function buildIndicators(rows: Iterable<TableRow>, settings: IndicatorSettings): BuiltTable {
  const builder = new TableBuilder(COLUMN_COUNT, settings.bytesMax);
  const rejections = new Rejections();
  let rowCount = 0;
  for (const { where, values } of rows) {
    rowCount++;
    if (rowCount === 1 && !('indicator' in values))
      throw new TableError(`${where}: there is no column indicator`);
    const problem = addIndicator(builder, values, settings);
    if (problem !== null) rejections.note(where, problem);
  }
  if (rowCount === 0) throw new TableError('it has no indicators');
  if (rejections.count > rowCount * REJECTED_SHARE_MAX)
    throw new TableError(
      `${rejections.count} of ${rowCount} rows are no indicators: ${rejections.first}`,
    );
  return {
    bytes: builder.finish(),
    keyCount: builder.keyCount,
    rejectedCount: rejections.count,
    firstRejection: rejections.first,
  };
}

class Rejections {
  count = 0;
  first = '';
  note(where: string, problem: string): void {
    if (this.count++ === 0) this.first = `${where}: ${problem}`;
  }
}

type Values = Readonly<Record<string, unknown>>;

/** What is wrong with the row, null when it was taken. */
function addIndicator(
  builder: TableBuilder,
  values: Values,
  settings: IndicatorSettings,
): string | null {
  const { indicator, type = '' } = values;
  if (typeof indicator !== 'string') return 'indicator is no text';
  const found = keyOf(
    refanged(indicator.trim()),
    String(type ?? '')
      .trim()
      .toLowerCase(),
  );
  if (typeof found === 'string') return `${found}: ${JSON.stringify(indicator.slice(0, 80))}`;
  const { kind, length } = found;
  const told = readRow(values, settings);
  if (typeof told === 'string') return told;
  if (rank(told.confidence) < rank(settings.minConfidence)) return null;
  const key = builder.find(kind, keyBytes, 0, length);
  if (key < 0) builder.add(kind, keyBytes, 0, length, cellsOf(told), told.expiry);
  else {
    const merged = merge(toldOf(builder.rowAt(key), builder.expiryAt(key)), told);
    builder.replace(key, cellsOf(merged), merged.expiry);
  }
  return null;
}

const refanged = (text: string): string =>
  text.includes('[') || /^hxxp/i.test(text)
    ? text.replaceAll(/\[\.\]|\[dot\]/gi, '.').replace(/^hxxp/i, 'http')
    : text;

const TYPES: Readonly<Record<string, 'address' | 'domain' | 'url' | 'hash' | 'any'>> = {
  '': 'any',
  ...{ ip: 'address', ipv4: 'address', ipv6: 'address', cidr: 'address', address: 'address' },
  ...{ 'ip-src': 'address', 'ip-dst': 'address', network: 'address' },
  ...{ domain: 'domain', hostname: 'domain', fqdn: 'domain' },
  ...{ url: 'url', uri: 'url' },
  ...{ hash: 'hash', md5: 'hash', sha1: 'hash', sha256: 'hash', sha512: 'hash' },
};

/** The key in keyBytes; a text says why there is none. */
function keyOf(text: string, typeName: string): { kind: Kind; length: number } | string {
  const type = Object.hasOwn(TYPES, typeName) ? TYPES[typeName] : undefined;
  if (type === undefined) return `type ${typeName} is not known`;
  if (type === 'address' || type === 'any') {
    const network = networkOf(text);
    if (network !== null) return networkKey(network.bytes, network.prefixLength);
    if (type === 'address') return 'no address or network';
  }
  if (type === 'hash' || type === 'any') {
    const length = hashKey(text);
    if (length >= 0) return { kind: KIND.hash, length };
    if (type === 'hash') return 'no MD5, SHA-1, SHA-256 or SHA-512';
  }
  if (type === 'url' || (type === 'any' && text.includes('/'))) {
    const length = urlKey(text);
    return length >= 0 ? { kind: KIND.url, length } : 'no URL';
  }
  const length = domainKey(text.startsWith('*.') ? text.slice(2) : text);
  return length >= 0 ? { kind: KIND.domain, length } : 'no domain';
}

/** Puts a network into keyBytes as the table has it: the prefix, then the address. */
export function networkKey(
  bytes: Uint8Array,
  prefixLength: number,
): { kind: Kind; length: number } {
  keyBytes[0] = prefixLength;
  keyBytes.set(bytes, 1);
  return { kind: bytes.length === 4 ? KIND.ipv4 : KIND.ipv6, length: bytes.length + 1 };
}

interface Told {
  readonly sources: readonly string[];
  /** 0: nobody says it. */
  readonly tier: number;
  readonly confidence: Confidence;
  readonly description: string;
  readonly expiry: number;
}

function readRow(values: Values, settings: IndicatorSettings): Told | string {
  const sources = sourcesOf(values.sources ?? values.source, settings.source);
  const tierText = values.tier ?? '';
  const tier = tierText === '' ? (settings.tier ?? 0) : Number(tierText);
  const isTier = Number.isInteger(tier) && tier >= 0 && tier <= TIER_MAX;
  if (!isTier || (tierText !== '' && tier === 0))
    return `tier must be 1 to ${TIER_MAX}; got ${JSON.stringify(tierText)}`;
  const said = String(values.confidence ?? '').toLowerCase();
  if (said !== '' && !CONFIDENCES.includes(said as Confidence))
    return `confidence must be ${CONFIDENCES.join(', ')}; got ${JSON.stringify(said)}`;
  const byTier = TIER_CONFIDENCE[tier] ?? 'low';
  const confidence = tier === 1 || said === '' ? byTier : (said as Confidence);
  const end = values.valid_until ?? '';
  const expiry = end === '' ? 0 : Math.ceil(Date.parse(String(end)) / 1000);
  if (!(expiry >= 0 && expiry < 2 ** 32)) return `valid_until is no time: ${String(end)}`;
  return { sources, tier, confidence, description: String(values.description ?? ''), expiry };
}

function sourcesOf(value: unknown, fallback: string | undefined): readonly string[] {
  const list = Array.isArray(value) ? value.map(String) : String(value ?? '').split(';');
  const names = list.map((name) => name.trim()).filter((name) => name !== '');
  if (names.length > 0) return names;
  return fallback === undefined || fallback === '' ? [] : [fallback];
}

function merge(one: Told, other: Told): Told {
  const tiers = [one.tier, other.tier].filter((tier) => tier > 0);
  const isForEver = one.expiry === 0 || other.expiry === 0;
  return {
    sources: [...new Set([...one.sources, ...other.sources])].sort().slice(0, SOURCES_MAX),
    tier: tiers.length === 0 ? 0 : Math.min(...tiers),
    confidence: rank(one.confidence) >= rank(other.confidence) ? one.confidence : other.confidence,
    description: one.description === '' ? other.description : one.description,
    expiry: isForEver ? 0 : Math.max(one.expiry, other.expiry),
  };
}

export const rank = (confidence: Confidence): number => CONFIDENCES.indexOf(confidence);

const cellsOf = ({ sources, tier, confidence, description }: Told): string[] => [
  [...sources].sort().join(','),
  tier === 0 ? '' : String(tier),
  confidence,
  description,
];

function toldOf(cells: readonly string[], expiry: number): Told {
  const [sources = '', tier = '', confidence = 'low', description = ''] = cells;
  return {
    sources: sources === '' ? [] : sources.split(','),
    tier: tier === '' ? 0 : Number(tier),
    confidence: confidence as Confidence,
    description,
    expiry,
  };
}
