// MMDB files (MaxMind DB file format, version 2.0): countries, cities and autonomous systems by
// address. mmdb-lib reads metadata and records; the way through the tree is walked here, on bytes,
// since most addresses lead to a record that is known already.
import { Buffer } from 'node:buffer';
import { addressText, LIMITS, messageOf } from '@weir/pipeline';
import { type CityResponse, Reader } from 'mmdb-lib';
import { TableError } from '../table-error.js';
import type { BuiltTable } from './built.js';

/** What is known of the place of an address; undefined where the file does not say it. */
export interface Place {
  readonly country: string | undefined;
  readonly region: string | undefined;
  readonly city: string | undefined;
  readonly lat: number | undefined;
  readonly long: number | undefined;
  readonly asNumber: number | undefined;
  readonly asName: string | undefined;
}

/** Throws TableError for bytes that are no MMDB file. */
export function buildMmdb(bytes: Uint8Array): BuiltTable {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  const view = new MmdbView(memory, 'en');
  view.check();
  return { bytes: memory, keyCount: view.nodeCount, rejectedCount: 0, firstRejection: '' };
}

const PROBES = ['1.1.1.1', '8.8.8.8', '81.2.69.142', '192.0.2.1', '2001:db8::1', '2a02:26f7::1'];
/** Between the tree and the records (format, section "Data Section Separator"). */
const SEPARATOR_BYTES = 16;

export class MmdbView {
  readonly nodeCount: number;
  readonly #reader: Reader<CityResponse>;
  readonly #bytes: Uint8Array;
  readonly #language: string;
  readonly #recordSize: number;
  readonly #isIpv6: boolean;
  /** Node at which IPv4 addresses begin in a tree of IPv6. */
  readonly #ipv4Start: number;
  /** Places by what the tree says: many networks lead to one. */
  readonly #places = new Map<number, Place | null>();

  /** Throws TableError. */
  constructor(memory: SharedArrayBuffer, language: string) {
    this.#language = language;
    this.#bytes = new Uint8Array(memory);
    try {
      this.#reader = new Reader<CityResponse>(Buffer.from(memory) as Buffer);
    } catch (error) {
      throw new TableError(`it is no MMDB file: ${messageOf(error)}`);
    }
    const { nodeCount, recordSize, ipVersion, searchTreeSize } = this.#reader.metadata;
    if (!(searchTreeSize + SEPARATOR_BYTES <= memory.byteLength))
      throw new TableError(
        `it is cut: its tree has ${searchTreeSize} bytes, the file ${memory.byteLength}`,
      );
    this.nodeCount = nodeCount;
    this.#recordSize = recordSize;
    this.#isIpv6 = ipVersion === 6;
    this.#ipv4Start = this.#isIpv6 ? this.#descendZeros() : 0;
  }

  /** Looks some addresses up, so that a file with a damaged tree is found before it is used. */
  check(): void {
    try {
      for (const address of PROBES)
        if (this.#isIpv6 || !address.includes(':')) this.#reader.get(address);
    } catch (error) {
      throw new TableError(`it is damaged: ${messageOf(error)}`);
    }
  }

  /** Null where nothing is known of the address. Throws for a damaged record. */
  find(address: Uint8Array, length: 4 | 16): Place | null {
    const record = this.#walk(address, length);
    if (record === 0) return null;
    const known = this.#places.get(record);
    if (known !== undefined) return known;
    const found = this.#reader.get(addressText(address.slice(0, length)));
    const place = found === null ? null : placeOf(found, this.#language);
    if (this.#places.size >= LIMITS.geoipPlacesMax) this.#places.clear();
    this.#places.set(record, place);
    return place;
  }

  /** What the tree says of the address; 0 for nothing. */
  #walk(address: Uint8Array, length: 4 | 16): number {
    if (length === 16 && !this.#isIpv6) return 0;
    const { nodeCount } = this;
    let node = length === 4 ? this.#ipv4Start : 0;
    for (let bit = 0; bit < length * 8 && node < nodeCount; bit++)
      node = this.#child(node, ((address[bit >> 3] as number) >> (7 - (bit & 7))) & 1);
    return node > nodeCount ? node : 0;
  }

  #descendZeros(): number {
    let node = 0;
    for (let bit = 0; bit < 96 && node < this.nodeCount; bit++) node = this.#child(node, 0);
    return node;
  }

  #child(node: number, side: number): number {
    const bytes = this.#bytes;
    const at = (i: number): number => bytes[i] as number;
    if (this.#recordSize === 24) {
      const start = node * 6 + side * 3;
      return (at(start) << 16) | (at(start + 1) << 8) | at(start + 2);
    }
    if (this.#recordSize === 32) {
      const start = node * 8 + side * 4;
      return (
        at(start) * 0x100_0000 + ((at(start + 1) << 16) | (at(start + 2) << 8) | at(start + 3))
      );
    }
    const start = node * 7;
    const middle = at(start + 3);
    if (side === 0)
      return ((middle & 0xf0) << 20) | (at(start) << 16) | (at(start + 1) << 8) | at(start + 2);
    return ((middle & 0x0f) << 24) | (at(start + 4) << 16) | (at(start + 5) << 8) | at(start + 6);
  }
}

type Names = Readonly<Record<string, string>> | undefined;

/** The shapes of GeoLite2, GeoIP2 and DB-IP; of IPinfo, whose records are flat. */
interface AnyRecord {
  readonly country?: { readonly iso_code?: string } | string;
  readonly country_code?: string;
  readonly registered_country?: { readonly iso_code?: string };
  readonly subdivisions?: readonly { readonly iso_code?: string; readonly names?: Names }[];
  readonly region?: string;
  readonly city?: { readonly names?: Names } | string;
  readonly location?: { readonly latitude?: number; readonly longitude?: number };
  readonly autonomous_system_number?: number;
  readonly autonomous_system_organization?: string;
  readonly asn?: string;
  readonly as_name?: string;
}

function placeOf(found: unknown, language: string): Place {
  const record = found as AnyRecord;
  const { country, city, location, subdivisions = [] } = record;
  const nameOf = (names: Names): string | undefined => names?.[language] ?? names?.en;
  const [subdivision] = subdivisions;
  const asn = /^AS(\d{1,10})$/.exec(record.asn ?? '')?.[1];
  return {
    country:
      record.country_code ??
      (typeof country === 'string' ? country : country?.iso_code) ??
      record.registered_country?.iso_code,
    region: nameOf(subdivision?.names) ?? subdivision?.iso_code ?? record.region,
    city: typeof city === 'string' ? city : nameOf(city?.names),
    lat: numberOf(location?.latitude),
    long: numberOf(location?.longitude),
    asNumber: record.autonomous_system_number ?? (asn === undefined ? undefined : Number(asn)),
    asName: record.autonomous_system_organization ?? record.as_name,
  };
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
