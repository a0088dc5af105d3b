// Which zone a source's timestamps without one are of: `time_zone` of a parse step for all, and
// `time_zones` by address or network, of which the narrowest holds.
import { type AssumedZone, zoneNamed } from '@weir/parsers';
import { AddressSet, networkOf } from '../address-set.js';

export interface ZoneSettings {
  readonly time_zone?: string;
  /** By address or network in CIDR notation. */
  readonly time_zones?: Readonly<Record<string, string>>;
}

/** Sources remembered; a listener that hears of more looks again. */
const KNOWN_MAX = 65_536;

interface ZonedNetwork {
  readonly prefixBits: number;
  readonly addresses: AddressSet;
  readonly zone: AssumedZone;
}

/** Null where nothing is set. Throws WEIR_CONFIG_INVALID for what is no address or no zone. */
export function sourceZones(
  settings: ZoneSettings,
): ((source: string) => AssumedZone | null) | null {
  const everywhere = settings.time_zone === undefined ? null : zoneNamed(settings.time_zone);
  const networks = Object.entries(settings.time_zones ?? {}).map(zonedNetworkOf);
  if (networks.length === 0) return everywhere === null ? null : () => everywhere;
  networks.sort((a, b) => b.prefixBits - a.prefixBits);
  const known = new Map<string, AssumedZone | null>();
  return (source) => {
    const before = known.get(source);
    if (before !== undefined) return before;
    if (known.size >= KNOWN_MAX) known.clear();
    const zone = zoneFor(networks, source) ?? everywhere;
    known.set(source, zone);
    return zone;
  };
}

function zoneFor(networks: readonly ZonedNetwork[], source: string): AssumedZone | null {
  return networks.find(({ addresses }) => addresses.has(source))?.zone ?? null;
}

function zonedNetworkOf([text, zone]: readonly [string, string]): ZonedNetwork {
  return {
    prefixBits: networkOf(text).prefixBits,
    addresses: new AddressSet([text]),
    zone: zoneNamed(zone),
  };
}
