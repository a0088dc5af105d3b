// Where a path stands in the JSON of an event. Most paths are objects in objects; what OCSF keeps
// in a list has a path without an index, and what it says of a fingerprint follows from the path.

/** A step from an object to one in it. */
export interface PlaceStep {
  /** Name of the object; of an element of a list, what tells it from the others. */
  readonly name: string;
  readonly isList: boolean;
  readonly isElement: boolean;
  /** What else the object has, always. */
  readonly constants: Readonly<Record<string, string | number>>;
}

export interface Place {
  readonly steps: readonly PlaceStep[];
  /** Name of the value in the last object. */
  readonly last: string;
}

/** Lists of fingerprints (OCSF 1.8, object fingerprint): `hashes.sha256` is one of them. */
const FINGERPRINT_LISTS: ReadonlySet<string> = new Set(['hashes', 'fingerprints']);
/** Single fingerprints. */
const FINGERPRINTS: ReadonlySet<string> = new Set(['ja3_hash', 'ja3s_hash', 'fingerprint']);
/** OCSF 1.8, algorithm_id of object fingerprint. An import hash has no id of its own. */
const ALGORITHMS: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  md5: { algorithm: 'MD5', algorithm_id: 1 },
  sha1: { algorithm: 'SHA-1', algorithm_id: 2 },
  sha256: { algorithm: 'SHA-256', algorithm_id: 3 },
  sha512: { algorithm: 'SHA-512', algorithm_id: 4 },
  imphash: { algorithm: 'IMPHASH', algorithm_id: 99 },
};
/** Lists of other objects; an event of a device has one of each at most. */
const LISTS: ReadonlySet<string> = new Set([
  'attacks',
  'malware',
  'vulnerabilities',
  'resources',
  'osint',
]);

const NO_CONSTANTS = {};
const objectStep = (name: string): PlaceStep => ({
  name,
  isList: false,
  isElement: false,
  constants: NO_CONSTANTS,
});
const listStep = (name: string): PlaceStep => ({ ...objectStep(name), isList: true });
const elementStep = (name: string): PlaceStep => ({ ...objectStep(name), isElement: true });

export function placeOf(path: string): Place {
  const names = path.split('.');
  const last = names.pop() ?? '';
  const steps: PlaceStep[] = [];
  for (const name of names) {
    if (FINGERPRINT_LISTS.has(name)) steps.push(listStep(name));
    else if (LISTS.has(name)) steps.push(listStep(name), elementStep(''));
    else steps.push(objectStep(name));
  }
  const holder = names.at(-1) ?? '';
  const constants = ALGORITHMS[last];
  if (constants === undefined) return { steps, last };
  if (FINGERPRINT_LISTS.has(holder)) steps.push({ ...elementStep(last), constants });
  else if (FINGERPRINTS.has(holder)) steps.push({ ...objectStep(holder), constants });
  else return { steps, last };
  if (FINGERPRINTS.has(holder)) steps.splice(-2, 1);
  return { steps, last: 'value' };
}
