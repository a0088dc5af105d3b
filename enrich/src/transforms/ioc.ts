// Marks events whose values are indicators of compromise. The best match of an event stands in the
// fields of OCSF's object osint; a match is better with a higher confidence, then a lower tier.
//
//   osint.value, type_id, name (path of the field), vendor_name (sources), confidence(_id), desc
//   labels.ioc_tier, labels.ioc_matches (how many of the fields match)
//   labels.ioc_others (where there are several: the others, as a JSON list)
import type { IocDocument, LiveRow } from '@weir/pipeline';
import { addressBytes, addressKey, domainKey, hashKey, keyBytes, urlKey } from '../table/keys.js';
import { KIND, type Kind } from '../table/layout.js';
import type { TableView } from '../table/view.js';
import { COLUMN, CONFIDENCES, rank } from '../tables/indicators.js';
import type { Tables } from './tables.js';

/** OCSF 1.8, type_id of object osint. */
const TYPE_ID: Readonly<Record<Kind, number>> = {
  [KIND.ipv4]: 1,
  [KIND.ipv6]: 1,
  [KIND.domain]: 2,
  [KIND.hash]: 4,
  [KIND.url]: 5,
  [KIND.text]: 0,
};
const OTHERS_MAX = 15;

/** Number of the key that a value is or lies in; -1 for none. */
type Find = (table: TableView, text: string) => number;

const findAddress: Find = (table, text) => {
  const length = addressKey(text);
  return length === 0 ? -1 : table.findAddress(addressBytes, length);
};
const findHash: Find = (table, text) => {
  const length = hashKey(text);
  return length < 0 ? -1 : table.find(KIND.hash, keyBytes, 0, length);
};
const findUrl: Find = (table, text) => {
  const length = urlKey(text);
  return length < 0 ? -1 : table.find(KIND.url, keyBytes, 0, length);
};
const findDomain =
  (hasParents: boolean): Find =>
  (table, text) => {
    const length = domainKey(text);
    return length < 0 ? -1 : table.findDomain(keyBytes, length, hasParents);
  };

interface Match {
  readonly path: string;
  readonly key: number;
}

export function ioc(document: IocDocument, tables: Tables): (event: LiveRow) => void {
  const table = tables.rows(document);
  const lookups: { readonly path: string; readonly find: Find }[] = [];
  const add = (paths: readonly string[], find: Find): void => {
    for (const path of paths) lookups.push({ path, find });
  };
  add(document.addresses, findAddress);
  add(document.domains, findDomain(document.match_parents ?? true));
  add(document.urls, findUrl);
  add(document.hashes, findHash);
  return (event) => {
    const view = table();
    let matches: Match[] | null = null;
    for (let i = 0; i < lookups.length; i++) {
      const { path, find } = lookups[i] as (typeof lookups)[number];
      const text = event.valueAt(path);
      if (typeof text !== 'string') continue;
      const key = find(view, text);
      // The time of receipt is durable: the same event finds the same whenever it is looked at.
      if (key < 0 || !view.holdsAt(key, event.receivedAtUs / 1e6)) continue;
      matches ??= [];
      matches.push({ path, key });
    }
    if (matches !== null) write(event, view, matches);
  };
}

function write(event: LiveRow, table: TableView, matches: Match[]): void {
  const sorted = matches.length === 1 ? matches : matches.toSorted((a, b) => order(table, a, b));
  const [best] = sorted as [Match];
  const { path, key } = best;
  const row = table.rowOf(key);
  const confidence = table.text(row, COLUMN.confidence);
  const tier = table.text(row, COLUMN.tier);
  event.set('osint.value', table.keyText(key));
  event.set('osint.type_id', TYPE_ID[table.kindOf(key)]);
  event.setShared('osint.name', path);
  event.setShared('osint.confidence', confidence);
  event.set('osint.confidence_id', CONFIDENCES.indexOf(confidence as never) + 1);
  setText(event, 'osint.vendor_name', table.text(row, COLUMN.sources));
  setText(event, 'osint.desc', table.text(row, COLUMN.description));
  if (tier !== '') event.set('labels.ioc_tier', Number(tier));
  event.set('labels.ioc_matches', matches.length);
  if (sorted.length === 1) return;
  const others = sorted.slice(1, 1 + OTHERS_MAX).map((match) => described(table, match));
  event.set('labels.ioc_others', JSON.stringify(others));
}

function setText(event: LiveRow, path: string, text: string): void {
  if (text !== '') event.setShared(path, text);
}

function order(table: TableView, a: Match, b: Match): number {
  const confidence = (match: Match): number =>
    rank(table.text(table.rowOf(match.key), COLUMN.confidence) as never);
  const tier = (match: Match): number =>
    Number(table.text(table.rowOf(match.key), COLUMN.tier) || 99);
  return confidence(b) - confidence(a) || tier(a) - tier(b);
}

function described(table: TableView, { path, key }: Match): Readonly<Record<string, unknown>> {
  const row = table.rowOf(key);
  const tier = table.text(row, COLUMN.tier);
  return {
    field: path,
    indicator: table.keyText(key),
    source: table.text(row, COLUMN.sources),
    ...(tier === '' ? {} : { tier: Number(tier) }),
    confidence: table.text(row, COLUMN.confidence),
  };
}
