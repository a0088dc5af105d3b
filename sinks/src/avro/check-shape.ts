// Whether bytes can be a record of a schema, before a decoder reads them: no length and no count
// goes beyond what is there. A decoder that believes a count of 2^50 would be busy for years. The
// encoding is that of Avro 1.11, "Binary encoding".

/**
 * Returns the entries of all maps of texts: the library puts them into objects, where a key such as
 * __proto__ is lost. Throws a RangeError.
 */
export function checkShape(bytes: Uint8Array, schema: unknown): [key: string, value: string][] {
  const reader = new Reader(bytes);
  skip(reader, schema, namesOf(schema));
  if (reader.left > 0) throw new RangeError(`${reader.left} bytes stand behind the record`);
  return reader.entries;
}

class Reader {
  readonly entries: [string, string][] = [];
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A zig-zag long of at most ten bytes; exact up to 2^53. */
  long(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < LONG_BYTES_MAX; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('a number ends behind the bytes');
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new RangeError('a number has more than ten bytes');
  }

  text(): string {
    const byteCount = this.long();
    this.take(byteCount);
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + this.#at - byteCount, byteCount).toString();
  }

  take(byteCount: number): void {
    if (byteCount < 0 || byteCount > this.left)
      throw new RangeError(`${byteCount} bytes are announced, ${this.left} are there`);
    this.#at += byteCount;
  }
}

const LONG_BYTES_MAX = 10;
const DOUBLE_BYTES = 8;

interface Complex {
  readonly type: unknown;
  readonly name?: string;
  readonly fields?: readonly { readonly type: unknown }[];
  readonly items?: unknown;
  readonly values?: unknown;
}

/** Records by name: a schema says what one is where it first comes, and then only its name. */
type Names = Map<string, unknown>;

function skip(reader: Reader, schema: unknown, names: Names): void {
  if (Array.isArray(schema)) {
    const branch = reader.long();
    if (!(branch in schema)) throw new RangeError(`a union has no branch ${branch}`);
    skip(reader, schema[branch], names);
    return;
  }
  if (typeof schema === 'string') {
    const known = names.get(schema);
    if (known === undefined) skipPrimitive(reader, schema);
    else skip(reader, known, names);
    return;
  }
  const { type, fields = [], items, values } = schema as Complex;
  if (type === 'record') for (const field of fields) skip(reader, field.type, names);
  else if (type === 'array') skipBlocks(reader, () => skip(reader, items, names));
  else if (type === 'map')
    skipBlocks(reader, () => {
      const key = reader.text();
      if (values === 'string') reader.entries.push([key, reader.text()]);
      else skip(reader, values, names);
    });
  else skip(reader, type, names);
}

const namesBySchema = new WeakMap<object, Names>();

function namesOf(schema: unknown): Names {
  if (typeof schema !== 'object' || schema === null) return new Map();
  let names = namesBySchema.get(schema);
  if (names === undefined) {
    names = new Map();
    noteNames(schema, names);
    namesBySchema.set(schema, names);
  }
  return names;
}

function noteNames(schema: unknown, names: Names): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (Array.isArray(schema)) {
    for (const branch of schema) noteNames(branch, names);
    return;
  }
  const { type, name, fields = [], items, values } = schema as Complex;
  if (type === 'record' && name !== undefined) names.set(name, schema);
  for (const field of fields) noteNames(field.type, names);
  for (const inner of [items, values, type]) noteNames(inner, names);
}

function skipPrimitive(reader: Reader, type: string): void {
  if (type === 'string' || type === 'bytes') reader.take(reader.long());
  else if (type === 'double') reader.take(DOUBLE_BYTES);
  else if (type !== 'null') reader.long();
}

/** Entries have at least a byte each. */
function skipBlocks(reader: Reader, skipEntry: () => void): void {
  for (;;) {
    let count = reader.long();
    if (count === 0) return;
    if (count < 0) {
      count = -count;
      reader.long();
    }
    if (count > reader.left) throw new RangeError(`${count} entries are announced`);
    for (let i = 0; i < count; i++) skipEntry();
  }
}
