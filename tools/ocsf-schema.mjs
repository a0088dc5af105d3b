// Makes parsers/src/ocsf-check/schema-1.8.0.json from a checkout of github.com/ocsf/ocsf-schema
// (Apache License 2.0): of every class and object the attributes with their types, what is
// required, and the values of enums. Tests check what packs write against it.
// Usage: node tools/ocsf-schema.mjs CHECKOUT_OR_GIT_DIR COMMIT
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [repository, commit] = process.argv.slice(2);
if (commit === undefined) {
  console.error('usage: node tools/ocsf-schema.mjs CHECKOUT_OR_GIT_DIR COMMIT');
  process.exit(2);
}
const git = (...args) =>
  execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
const files = git('ls-tree', '-r', '--name-only', commit).split('\n');
const read = (path) => JSON.parse(git('show', `${commit}:${path}`));
const under = (folder) =>
  files.filter((path) => path.endsWith('.json') && `/${path}`.includes(`/${folder}/`)).map(read);

const dictionaries = files.filter((path) => /(^|\/)dictionary\.json$/.test(path)).map(read);
const dictionary = Object.assign({}, ...dictionaries.map(({ attributes }) => attributes));
const scalars = Object.assign({}, ...dictionaries.map(({ types }) => types?.attributes ?? {}));
const objects = new Map(under('objects').map((object) => [object.name, object]));
const events = new Map(under('events').map((event) => [event.name, event]));
const profiles = new Map(under('profiles').map((profile) => [profile.name, profile]));
const categories = read('categories.json').attributes;
const extensions = files
  .filter((path) => /^extensions\/[^/]+\/extension\.json$/.test(path))
  .map((path) => ({ folder: path.split('/')[1], uid: read(path).uid }));

/** Attributes of a class or object with those that it inherits and includes. */
function attributesOf(item, all) {
  const parent = item.extends === undefined ? undefined : all.get(item.extends);
  const inherited = parent === undefined ? {} : attributesOf(parent, all);
  const result = { ...inherited };
  const { $include: includes = [], ...own } = item.attributes ?? {};
  for (const include of [includes].flat()) {
    const name = include.replace(/^profiles\//, '').replace(/\.json$/, '');
    // What a profile requires is required of events that have the profile.
    for (const [key, attribute] of Object.entries(profiles.get(name)?.attributes ?? {}))
      result[key] = { ...attribute, requirement: 'optional' };
  }
  for (const [name, attribute] of Object.entries(own))
    result[name] = {
      ...result[name],
      ...attribute,
      enum: { ...result[name]?.enum, ...attribute.enum },
    };
  return result;
}

function described(attributes) {
  const result = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    if (name.startsWith('$')) continue;
    const known = dictionary[name] ?? {};
    const type = attribute.type ?? known.type ?? 'string_t';
    const objectType = attribute.object_type ?? known.object_type;
    const values = Object.keys({ ...known.enum, ...attribute.enum });
    const isObject = objects.has(type) || type === 'object_t';
    result[name] = {
      type: isObject ? (objectType ?? type) : (scalars[type]?.type ?? type),
      ...(isObject ? { isObject } : {}),
      ...((attribute.is_array ?? known.is_array) ? { isList: true } : {}),
      ...(attribute.requirement === 'required' ? { isRequired: true } : {}),
      ...(values.length > 0 && type === 'integer_t' ? { values: values.map(Number) } : {}),
    };
  }
  return result;
}

const categoryOf = (event) =>
  event.category ?? (events.has(event.extends) ? categoryOf(events.get(event.extends)) : 'other');
const extensionOf = (path) =>
  extensions.find(({ folder }) => path.startsWith(`extensions/${folder}/`))?.uid ?? 0;

const classes = {};
for (const path of files.filter((name) => /(^|\/)events\/.*\.json$/.test(name))) {
  const event = read(path);
  if (event.uid === undefined && event.name !== 'base_event') continue;
  const categoryUid = categories[categoryOf(event)]?.uid ?? 0;
  const uid = extensionOf(path) * 100_000 + categoryUid * 1000 + (event.uid ?? 0);
  classes[uid] = {
    name: event.name,
    category: categoryUid,
    attributes: described(attributesOf(event, events)),
  };
}
const result = {
  version: read('version.json').version,
  classes,
  objects: Object.fromEntries(
    [...objects].map(([name, object]) => [name, described(attributesOf(object, objects))]),
  ),
  profiles: Object.fromEntries(
    [...profiles].map(([name, profile]) => [name, described(profile.attributes)]),
  ),
};
const target = fileURLToPath(
  new URL('../parsers/src/ocsf-check/schema-1.8.0.json', import.meta.url),
);
writeFileSync(target, `${JSON.stringify(result)}\n`);
console.log(`${Object.keys(classes).length} classes, ${objects.size} objects: ${target}`);
