// Where each field stands in a line. Paths that begin alike share an object, so fields are written
// in the order of that tree; what stands between two values depends only on the object that is open
// and on the field, and is made once.
import { assert, FIELDS, type FieldKind } from '@weir/pipeline';

/** An object of the line; group 0 is the line itself. */
interface Group {
  readonly name: string;
  readonly parent: number;
  readonly depth: number;
  readonly groups: number[];
  readonly members: number[];
}

/** Id of `metadata.version`, which every line has and no column holds. */
export const VERSION_MEMBER = FIELDS.length;

const paths = [...FIELDS.map((spec) => spec.path), 'metadata.version'];
const groups: Group[] = [{ name: '', parent: 0, depth: 0, groups: [], members: [] }];
const groupOfMember = paths.map((path, member) => {
  let at = 0;
  for (const name of path.split('.').slice(0, -1)) at = childOf(at, name);
  groups[at]?.members.push(member);
  return at;
});

function childOf(parent: number, name: string): number {
  const above = groups[parent] as Group;
  const known = above.groups.find((id) => groups[id]?.name === name);
  if (known !== undefined) return known;
  groups.push({ name, parent, depth: above.depth + 1, groups: [], members: [] });
  above.groups.push(groups.length - 1);
  return groups.length - 1;
}

export const GROUP_COUNT = groups.length;
/** The version included. */
export const MEMBER_COUNT = paths.length;
assert(MEMBER_COUNT < 256, 'the members of a row are listed as bytes');
/** Group of each member, by member id (a FieldId, or VERSION_MEMBER). */
export const GROUP_OF: Uint8Array = Uint8Array.from(groupOfMember);

/** Place of each member in a line: those of one object stand together. */
export const PLACE_OF: Uint16Array = new Uint16Array(paths.length);
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
  let text = '}'.repeat(open.length - common);
  text += ',';
  for (const group of wanted.slice(common)) text += `"${groups[group]?.name}":{`;
  const kind: FieldKind | undefined = FIELDS[member]?.kind;
  return `${text}"${paths[member]?.split('.').at(-1)}":${kind === 'span' ? '"' : ''}`;
}

/** Closes every object below the line. */
export const closeText = (from: number): string => '}'.repeat(chainOf(from).length);

/** Groups from the outermost to `group`, without the line itself. */
function chainOf(group: number): number[] {
  const chain: number[] = [];
  for (let at = group; at !== 0; at = groups[at]?.parent ?? 0) chain.unshift(at);
  return chain;
}
