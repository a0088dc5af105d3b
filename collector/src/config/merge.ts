// Several documents laid over one another, with a note of who said what. Inside a folder two files
// may not say the same thing; otherwise the later document prevails.
import type { ConfigProblem } from '@weir/pipeline/config';

export interface Table {
  [key: string]: unknown;
}

/** Tables in tables; options of components may be deep. */
const DEPTH_MAX = 64;

/** Who said a value. */
export interface Origin {
  /** A file, the name of an environment variable, or `command line`. */
  readonly name: string;
  /** Absolute; what relative names start from. */
  readonly directory: string;
}

/** Sections whose entries are components: an entry is said in one place of a folder. */
const COMPONENT_SECTIONS: ReadonlySet<string> = new Set(['sources', 'transforms', 'sinks']);

export const isTable = (value: unknown): value is Table => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

export const pointer = (path: readonly string[]): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** What a value of a module in code, or a date of TOML, cannot be; null when it is plain data. */
function oddityOf(value: unknown, depth: number): string | null {
  if (depth > DEPTH_MAX) return 'itself, or too many levels';
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return null;
  if (value instanceof Date) return 'a date without quotes';
  if (!Array.isArray(value) && !isTable(value)) return 'an object of a class';
  for (const item of Object.values(value)) {
    const odd = oddityOf(item, depth + 1);
    if (odd !== null) return odd;
  }
  return null;
}

/** What an earlier file of the folder said; others may add to a section, and to nothing else. */
interface Said {
  readonly origin: Origin;
  readonly isSection: boolean;
}

const isOtherType = (type: unknown, former: unknown): boolean =>
  type !== undefined && former !== undefined && type !== former;

/** The document that grows, and the origin of each table and value in it by its pointer. */
export class MergedDocument {
  readonly document: Table = {};
  readonly problems: ConfigProblem[] = [];
  readonly #origins = new Map<string, Origin>();

  /** Lays a document over what is there. */
  add(document: Table, origin: Origin): void {
    this.#merge(this.document, document, [], origin, null);
  }

  /** Adds the files of one folder, which may not contradict each other. */
  addTogether(files: readonly { readonly document: Table; readonly origin: Origin }[]): void {
    const said = new Map<string, Said>();
    for (const { document, origin } of files) {
      this.#merge(this.document, document, [], origin, said);
    }
  }

  /** Who said the value, or what is next around it; null for a default. */
  originOf(path: string): Origin | null {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const origin = this.#origins.get(at);
      if (origin !== undefined) return origin;
    }
    return null;
  }

  /** Who said exactly this value; null for a default. */
  exactOriginOf(path: string): Origin | null {
    return this.#origins.get(path) ?? null;
  }

  #merge(
    target: Table,
    document: Table,
    path: readonly string[],
    origin: Origin,
    said: Map<string, Said> | null,
  ): void {
    for (const [key, value] of Object.entries(document)) {
      const at = pointer([...path, key]);
      if (key === '__proto__') {
        this.problems.push({ path: at, message: `${at} is not a valid name` });
        continue;
      }
      // Anchors of YAML can also make a table that holds itself.
      if (path.length >= DEPTH_MAX) {
        const shown = pointer(path.slice(0, 3));
        const message = `${shown} has more than ${DEPTH_MAX} levels, or holds itself`;
        this.problems.push({ path: shown, message });
        return;
      }
      const isComponent = path.length === 1 && COMPONENT_SECTIONS.has(path[0] ?? '');
      if (!this.#mayBeSaid(at, { origin, isSection: isTable(value) && !isComponent }, said))
        continue;
      this.#origins.set(at, origin);
      const odd = isTable(value) ? null : oddityOf(value, path.length);
      if (odd !== null) {
        this.problems.push({ path: at, message: `${at} holds ${odd}; settings are plain data` });
        continue;
      }
      if (!isTable(value)) {
        target[key] = value;
        continue;
      }
      const present = Object.hasOwn(target, key) ? target[key] : undefined;
      // Another type is another component: settings of the former would be wrong in it.
      const isKept = isTable(present) && !(isComponent && isOtherType(value.type, present.type));
      const table: Table = isKept ? present : {};
      if (!isKept) this.#forget(`${at}/`);
      target[key] = table;
      this.#merge(table, value, [...path, key], origin, isComponent ? null : said);
    }
  }

  #mayBeSaid(at: string, now: Said, said: Map<string, Said> | null): boolean {
    if (said === null) return true;
    const first = said.get(at);
    if (first === undefined) said.set(at, now);
    else if (!first.isSection || !now.isSection) {
      const message = `${at} stands in ${first.origin.name} and in ${now.origin.name}; keep one`;
      this.problems.push({ path: '', message });
      return false;
    }
    return true;
  }

  #forget(prefix: string): void {
    for (const path of this.#origins.keys())
      if (path.startsWith(prefix)) this.#origins.delete(path);
  }
}
