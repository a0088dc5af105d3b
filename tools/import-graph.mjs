// The graph of imports between source files, across packages too, and the cycles in it.
import { dirname, join, normalize } from 'node:path';

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g;
const RELATIVE_TEXT = /(['"`])(\.{1,2}\/[^'"`\n$]+\.m?js)\1/g;

/**
 * `imports` gives for each file the files it imports; `references` adds those it only names in a string,
 * such as the file of a worker. `sources` maps paths to texts; `packages` maps package names to
 * `{ folder, exports }` with exports as in package.json.
 */
export function buildGraph(sources, packages) {
  const imports = new Map();
  const references = new Map();
  for (const [path, text] of sources) {
    const found = new Set();
    for (const [, , specifier] of text.matchAll(IMPORT)) {
      const target = resolveImport(path, specifier, packages);
      if (sources.has(target)) found.add(target);
    }
    imports.set(path, found);
    const named = new Set(found);
    for (const [, , specifier] of text.matchAll(RELATIVE_TEXT))
      named.add(sourceOf(normalize(join(dirname(path), specifier))));
    references.set(path, named);
  }
  return { imports, references };
}

function resolveImport(from, specifier, packages) {
  if (specifier.startsWith('.')) return sourceOf(normalize(join(dirname(from), specifier)));
  const [scope, name, ...rest] = specifier.split('/');
  const found = packages.get(`${scope}/${name}`);
  const target = found?.exports?.[rest.length === 0 ? '.' : `./${rest.join('/')}`]?.default;
  return target === undefined ? '' : sourceOf(normalize(join(found.folder, target)));
}

/** The source of a compiled file: src/x.ts of dist/x.js, x.ts of x.js. */
export const sourceOf = (path) =>
  path.endsWith('.mjs') ? path : path.replace(/(^|\/)dist\//, '$1src/').replace(/\.js$/, '.ts');

/** Each cycle once, as a list of files; strongly connected components after Tarjan. */
export function findCycles(imports) {
  const cycles = [];
  const order = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();
  function visit(node) {
    order.set(node, order.size);
    low.set(node, order.get(node));
    stack.push(node);
    onStack.add(node);
    for (const next of imports.get(node) ?? []) {
      if (!order.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (onStack.has(next)) {
        low.set(node, Math.min(low.get(node), order.get(next)));
      }
    }
    if (low.get(node) !== order.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) onStack.delete(member);
    if (component.length > 1 || imports.get(node)?.has(node)) cycles.push(component.sort());
  }
  for (const node of imports.keys()) if (!order.has(node)) visit(node);
  return cycles;
}
