// Names of a simulated file system: what a process sees, what is on the platter, and the changes
// between the two.
import { type Inode, mix } from './sim-files-inode.js';

/** A change of a directory that no fsync of it has made durable yet. */
type NameChange =
  | { readonly kind: 'link'; readonly directory: string; readonly path: string; inode: Inode }
  | { readonly kind: 'unlink'; readonly directory: string; readonly path: string }
  | {
      readonly kind: 'rename';
      readonly directory: string;
      readonly path: string;
      readonly from: string;
      inode: Inode;
    }
  | { readonly kind: 'makeDir'; readonly directory: string; readonly path: string };

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export class Names {
  entries = new Map<string, Inode>();
  directories = new Set<string>(['/']);
  durableEntries = new Map<string, Inode>();
  durableDirectories = new Set<string>(['/']);
  changes: NameChange[] = [];

  link(path: string, inode: Inode): void {
    this.entries.set(path, inode);
    this.changes.push({ kind: 'link', directory: parentOf(path), path, inode });
  }

  /** False if there is no such file. */
  unlink(path: string): boolean {
    if (!this.entries.delete(path)) return false;
    this.changes.push({ kind: 'unlink', directory: parentOf(path), path });
    return true;
  }

  /** False if there is no such file. */
  rename(from: string, to: string): boolean {
    const inode = this.entries.get(from);
    if (inode === undefined) return false;
    this.entries.delete(from);
    this.entries.set(to, inode);
    this.changes.push({ kind: 'rename', directory: parentOf(to), path: to, from, inode });
    return true;
  }

  /** With all directories above it. */
  makeDirectory(path: string): void {
    const missing: string[] = [];
    for (let at = path; !this.directories.has(at); at = parentOf(at)) missing.unshift(at);
    for (const directory of missing) {
      this.directories.add(directory);
      this.changes.push({ kind: 'makeDir', directory: parentOf(directory), path: directory });
    }
  }

  list(directory: string): string[] {
    const names: string[] = [];
    for (const entry of this.entries.keys())
      if (parentOf(entry) === directory) names.push(entry.slice(directory.length + 1));
    for (const entry of this.directories)
      if (entry !== '/' && parentOf(entry) === directory)
        names.push(entry.slice(directory.length + 1));
    return names;
  }

  sync(directory: string): void {
    if (this.changes.length === 0) return;
    for (const change of this.changes) if (change.directory === directory) this.#apply(change);
    this.changes = this.changes.filter((change) => change.directory !== directory);
  }

  /** A power cut: of the changes that were not synced those are kept for which `isKept` says so. */
  cut(isKept: (index: number, count: number) => boolean): void {
    const { changes } = this;
    for (const [index, change] of changes.entries())
      if (isKept(index, changes.length)) this.#apply(change);
    // No journal keeps a directory and loses the one that it is in.
    if (changes.some(({ kind }) => kind === 'makeDir'))
      for (const path of [...this.durableDirectories])
        for (let at = path; at !== '/'; at = parentOf(at)) this.durableDirectories.add(at);
    for (const path of this.durableEntries.keys())
      if (!this.durableDirectories.has(parentOf(path))) this.durableEntries.delete(path);
    this.changes = [];
  }

  /** What is on the platter is what a process sees, after a start. */
  reload(): void {
    this.entries = new Map(this.durableEntries);
    this.directories = new Set(this.durableDirectories);
  }

  copy(): Names {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        copy = inode.copy();
        copies.set(inode, copy);
      }
      return copy;
    };
    const copy = new Names();
    for (const [path, inode] of this.entries) copy.entries.set(path, copyOf(inode));
    for (const [path, inode] of this.durableEntries) copy.durableEntries.set(path, copyOf(inode));
    copy.directories = new Set(this.directories);
    copy.durableDirectories = new Set(this.durableDirectories);
    copy.changes = this.changes.map((change) =>
      change.kind === 'link' || change.kind === 'rename'
        ? { ...change, inode: copyOf(change.inode) }
        : change,
    );
    return copy;
  }

  hash(): number {
    let hash = this.changes.length;
    // A sum, so that the order in which files were made does not count.
    for (const [path, inode] of this.entries)
      hash = (hash + mix(nameHash(path), inode.hash())) % 2 ** 52;
    return hash;
  }

  #apply(change: NameChange): void {
    const { durableEntries } = this;
    if (change.kind === 'makeDir') this.durableDirectories.add(change.path);
    else if (change.kind === 'unlink') durableEntries.delete(change.path);
    else {
      if (change.kind === 'rename') durableEntries.delete(change.from);
      durableEntries.set(change.path, change.inode);
    }
  }
}

const nameHashes = new Map<string, number>();

function nameHash(path: string): number {
  let hash = nameHashes.get(path);
  if (hash === undefined) {
    hash = path.length;
    for (let i = 0; i < path.length; i++) hash = mix(hash, path.charCodeAt(i));
    if (nameHashes.size < 100_000) nameHashes.set(path, hash);
  }
  return hash;
}
