// Reads ClickHouse's Native format as an INSERT carries it, as far as the model of the store needs
// it: https://clickhouse.com/docs/interfaces/formats/Native. It shares no code with the writer.

export type Value = string | number | bigint | null;

/** One block: values of all rows by column. Texts are latin1, one character a byte. */
export interface NativeBlock {
  readonly rowCount: number;
  readonly columns: ReadonlyMap<string, readonly Value[]>;
}

/** Throws a RangeError for bytes that are no sequence of whole blocks. */
export function decodeNative(parts: readonly Uint8Array[]): NativeBlock[] {
  const reader = new Reader(Buffer.concat(parts));
  const blocks: NativeBlock[] = [];
  while (!reader.isAtEnd) {
    const columnCount = reader.varUint();
    const rowCount = reader.varUint();
    const columns = new Map<string, readonly Value[]>();
    for (let i = 0; i < columnCount; i++) {
      const name = reader.text();
      columns.set(name, readColumn(reader, reader.text(), rowCount));
    }
    blocks.push({ rowCount, columns });
  }
  return blocks;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varUint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const length = this.varUint();
    if (this.#at + length > this.#bytes.length)
      throw new RangeError('a text ends behind the block');
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length);
    this.#at += length;
    return text;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#at++);
  }
  u16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16LE(this.#at - 2);
  }
  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }
  u64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }
  i64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64LE(this.#at - 8);
  }
}

function readColumn(reader: Reader, type: string, rowCount: number): Value[] {
  const times = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read);
  const inner = /^(\w+)\((.*)\)$/.exec(type);
  if (type === 'String') return times(rowCount, () => reader.text());
  if (type === 'UInt8') return times(rowCount, () => reader.u8());
  if (type === 'UInt16') return times(rowCount, () => reader.u16());
  if (type === 'UInt32') return times(rowCount, () => reader.u32());
  if (type === 'UInt64') return times(rowCount, () => reader.u64());
  if (inner?.[1] === 'DateTime64') return times(rowCount, () => reader.i64());
  if (type === 'LowCardinality(String)') return readDictionary(reader, rowCount);
  if (inner?.[1] === 'Nullable') {
    const isNull = times(rowCount, () => reader.u8());
    const values = readColumn(reader, inner[2] as string, rowCount);
    return values.map((value, i) => (isNull[i] === 1 ? null : value));
  }
  if (inner?.[1] === 'Array' || inner?.[1] === 'Map') {
    const ends = times(rowCount, () => Number(reader.u64()));
    const types = (inner[2] as string).split(', ');
    for (const each of types) readColumn(reader, each, ends.at(-1) ?? 0);
    return ends;
  }
  throw new RangeError(`the model knows no type ${type}`);
}

function readDictionary(reader: Reader, rowCount: number): Value[] {
  const version = reader.u64();
  const flags = reader.u64();
  if (version !== 1n || (flags & ~1n) !== 1n << 9n)
    throw new RangeError('a dictionary of another kind');
  const dictionary: string[] = [];
  for (let left = reader.u64(); left > 0n; left--) dictionary.push(reader.text());
  if (Number(reader.u64()) !== rowCount) throw new RangeError('a dictionary of other rows');
  const values: Value[] = [];
  for (let i = 0; i < rowCount; i++) {
    const value = dictionary[(flags & 1n) === 0n ? reader.u8() : reader.u16()];
    if (value === undefined) throw new RangeError('a code that the dictionary does not have');
    values.push(value);
  }
  return values;
}
