// Where each field stands in a line. Paths that begin alike share an object, so fields are written
// in the order of that tree; what stands between two values depends only on the object that is open
// and on the field, and is made once.
import { FIELDS, type FieldKind, type PlaceStep, placeOf } from '@weir/pipeline';

/** An object or a list of the line; group 0 is the line itself. */
interface Group {
  readonly name: string;
  readonly open: string;
  readonly close: string;
  readonly parent: number;
  readonly depth: number;
  readonly groups: number[];
  readonly members: number[];
}

/** Id of `metadata.version`, which every line has and no column holds. */
export const VERSION_MEMBER = FIELDS.length;

const places = [...FIELDS.map((spec) => spec.path), 'metadata.version'].map(placeOf);
const groups: Group[] = [
  { name: '', open: '', close: '', parent: 0, depth: 0, groups: [], members: [] },
];
const groupOfMember = places.map(({ steps }, member) => {
  let at = 0;
  for (const step of steps) at = childOf(at, step);
  groups[at]?.members.push(member);
  return at;
});

function childOf(parent: number, step: PlaceStep): number {
  const above = groups[parent] as Group;
  const known = above.groups.find((id) => groups[id]?.name === step.name);
  if (known !== undefined) return known;
  const head = step.isElement ? '' : `"${step.name}":`;
  const constants = Object.entries(step.constants).map(
    ([name, value]) => `"${name}":${JSON.stringify(value)},`,
  );
  groups.push({
    name: step.name,
    open: head + (step.isList ? '[' : `{${constants.join('')}`),
    close: step.isList ? ']' : '}',
    parent,
    depth: above.depth + 1,
    groups: [],
    members: [],
  });
  above.groups.push(groups.length - 1);
  return groups.length - 1;
}

export const GROUP_COUNT = groups.length;
/** The version included. */
export const MEMBER_COUNT = places.length;
/** Group of each member, by member id (a FieldId, or VERSION_MEMBER). */
export const GROUP_OF: Uint8Array = Uint8Array.from(groupOfMember);

/** Place of each member in a line: those of one object stand together. */
export const PLACE_OF: Uint16Array = new Uint16Array(places.length);
let place = 0;
(function walk(group: number): void {
  // An object's own values first, then the objects in it.
  for (const member of groups[group]?.members ?? []) PLACE_OF[member] = place++;
  for (const child of groups[group]?.groups ?? []) walk(child);
})(0);

/**
 * Text before the value of `member` when the object `from` is open: closes objects, opens others,
 * ends with the name and a colon, and with the quote of a text.
 */
export function headText(from: number, member: number): string {
  const wanted = chainOf(groupOfMember[member] as number);
  const open = chainOf(from);
  let common = 0;
  while (common < open.length && open[common] === wanted[common]) common++;
  let text = closeAll(open.slice(common));
  text += ',';
  for (const group of wanted.slice(common)) text += groups[group]?.open;
  const kind: FieldKind | undefined = FIELDS[member]?.kind;
  return `${text}"${places[member]?.last}":${kind === 'span' ? '"' : ''}`;
}

/** Closes every object below the line. */
export const closeText = (from: number): string => closeAll(chainOf(from));

const closeAll = (chain: readonly number[]): string =>
  chain.reduceRight((text, group) => text + (groups[group]?.close ?? ''), '');

/** Groups from the outermost to `group`, without the line itself. */
function chainOf(group: number): number[] {
  const chain: number[] = [];
  for (let at = group; at !== 0; at = groups[at]?.parent ?? 0) chain.unshift(at);
  return chain;
}
