// Country, city and autonomous system of addresses.
import { FIELD_BY_PATH, type GeoipDocument, type LiveRow } from '@weir/pipeline';
import { addressBytes, addressKey } from '../table/keys.js';
import type { Place } from '../tables/mmdb.js';
import type { Tables } from './tables.js';

const TARGETS = {
  country: 'location.country',
  region: 'location.region',
  city: 'location.city',
  lat: 'location.lat',
  long: 'location.long',
  asNumber: 'autonomous_system.number',
  asName: 'autonomous_system.name',
} as const satisfies Record<keyof Place, string>;
const PARTS = Object.keys(TARGETS) as (keyof Place)[];

interface Target {
  readonly part: keyof Place;
  readonly path: string;
}

export function geoip(document: GeoipDocument, tables: Tables): (event: LiveRow) => void {
  const { overwrite = false } = document;
  const table = tables.places(document);
  const fields = document.fields.map((path) => ({ path, targets: targetsOf(path) }));
  return (event) => {
    const places = table();
    for (const { path, targets } of fields) {
      const text = event.valueAt(path);
      if (typeof text !== 'string') continue;
      const length = addressKey(text);
      if (length === 0) continue;
      const place = places.find(addressBytes, length);
      if (place !== null) write(event, place, targets, overwrite);
    }
  };
}

/** Beside `src_endpoint.ip` stands `src_endpoint.location.country`. */
function targetsOf(path: string): Target[] {
  const holder = path.slice(0, -'ip'.length);
  return PARTS.map((part) => ({ part, path: `${holder}${TARGETS[part]}` })).filter(({ path: to }) =>
    FIELD_BY_PATH.has(to),
  );
}

function write(event: LiveRow, place: Place, targets: readonly Target[], overwrite: boolean): void {
  for (const { part, path } of targets) {
    const value = place[part];
    if (value === undefined || (!overwrite && event.has(path))) continue;
    if (typeof value === 'string') event.setShared(path, value);
    else event.set(path, value);
  }
}
