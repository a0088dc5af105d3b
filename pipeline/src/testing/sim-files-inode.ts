// Contents of a simulated file: what a read sees (the page cache) and what is on the platter, both
// as lists of sectors. A sector is never changed, only replaced, so that copies of a file system
// share all of them, and "written since the last sync" costs no comparison of bytes.

/** What a disk writes as a whole. */
export const SIM_SECTOR_BYTES = 512;
/** What a file system allocates, and most disks write as a whole. */
export const SIM_BLOCK_BYTES = 4096;
export const SECTORS_PER_BLOCK = SIM_BLOCK_BYTES / SIM_SECTOR_BYTES;

const WORDS = SIM_SECTOR_BYTES / 4;

/** 512 bytes; never changed after it was made. */
export class Sector {
  readonly bytes: Uint8Array;
  #hash = -1;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** 52 bits of a hash of the bytes; made at the first call. */
  get hash(): number {
    if (this.#hash < 0) this.#hash = hashOf(this.bytes);
    return this.#hash;
  }

  /** A sector with other bytes from `at` on. */
  with(part: Uint8Array, at: number): Sector {
    const bytes = new Uint8Array(SIM_SECTOR_BYTES);
    bytes.set(this.bytes);
    bytes.set(part, at);
    return new Sector(bytes);
  }
}

export const ZERO_SECTOR = new Sector(new Uint8Array(SIM_SECTOR_BYTES));

function hashOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, WORDS);
  let a = 0x811c_9dc5;
  let b = 0x9e37_79b9;
  for (let i = 0; i < WORDS; i++) {
    const word = words[i] ?? 0;
    a = Math.imul(a ^ word, 0x0100_0193);
    a ^= a >>> 15;
    b = Math.imul(b + word, 0x85eb_ca6b);
    b ^= b >>> 13;
  }
  return join(a, b);
}

const join = (a: number, b: number): number => (a >>> 0) * 2 ** 20 + ((b >>> 0) & 0xf_ffff);

/** Two hashes of 52 bits as one; the order counts. */
export function mix(left: number, right: number): number {
  const low = Math.imul(left | 0, 0x0100_0193) ^ (right | 0);
  const high = Math.imul((left / 2 ** 20) | 0, 0x85eb_ca6b) ^ ((right / 2 ** 20) | 0);
  const a = Math.imul(low ^ (high >>> 7), 0xcc9e_2d51) ^ (low >>> 16);
  const b = Math.imul(high ^ (low >>> 9), 0x1b87_3593) ^ (high >>> 16);
  return join(a, b);
}

export class Inode {
  /** What a read sees. */
  sectors: Sector[] = [];
  size = 0;
  /** What is on the platter. */
  durable: Sector[] = [];
  durableSize = 0;
  /** Sectors that the next sync writes. */
  dirty = new Set<number>();
  /** Made so that only the owner may read it. */
  isPrivate = false;

  copy(): Inode {
    const copy = new Inode();
    copy.isPrivate = this.isPrivate;
    copy.sectors = this.sectors.slice();
    copy.size = this.size;
    copy.durable = this.durable.slice();
    copy.durableSize = this.durableSize;
    if (this.dirty.size > 0) copy.dirty = new Set(this.dirty);
    return copy;
  }

  /** Bytes read; fewer than asked for only at the end. */
  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.size, position + target.length);
    for (let at = position; at < end; ) {
      const within = at % SIM_SECTOR_BYTES;
      const length = Math.min(SIM_SECTOR_BYTES - within, end - at);
      const sector = this.sectors[Math.floor(at / SIM_SECTOR_BYTES)] ?? ZERO_SECTOR;
      const isWhole = length === SIM_SECTOR_BYTES;
      target.set(
        isWhole ? sector.bytes : sector.bytes.subarray(within, within + length),
        at - position,
      );
      at += length;
    }
    return Math.max(0, end - position);
  }

  /** At most `limit` bytes of the parts; the rest is not written. */
  write(parts: readonly Uint8Array[], position: number, limit: number): void {
    if (limit <= 0) return;
    if (position + limit > this.size) this.resize(position + limit);
    let at = position;
    for (const part of parts) {
      const taken = part.subarray(0, Math.max(0, position + limit - at));
      this.#put(taken, at);
      at += taken.length;
    }
  }

  resize(size: number): void {
    const count = Math.ceil(size / SIM_SECTOR_BYTES);
    const from = Math.floor(Math.min(this.size, size) / SIM_SECTOR_BYTES);
    const to = Math.ceil(Math.max(this.size, size) / SIM_SECTOR_BYTES);
    const rest = size % SIM_SECTOR_BYTES;
    const last = this.sectors[count - 1];
    if (size < this.size && rest > 0 && last !== undefined)
      this.sectors[count - 1] = last.with(new Uint8Array(SIM_SECTOR_BYTES - rest), rest);
    this.sectors.length = Math.min(this.sectors.length, count);
    while (this.sectors.length < count) this.sectors.push(ZERO_SECTOR);
    for (let i = from; i < to; i++) this.dirty.add(i);
    this.size = size;
  }

  /** All that is dirty reaches the platter. */
  sync(): void {
    this.persist(this.dirty, this.size);
    this.dirty.clear();
  }

  /** These sectors reach the platter, and the size; the other sectors stay as they were. */
  persist(sectors: Iterable<number>, size: number): void {
    const count = Math.ceil(size / SIM_SECTOR_BYTES);
    const rest = size % SIM_SECTOR_BYTES;
    const last = this.durable[count - 1];
    if (size < this.durableSize && rest > 0 && last !== undefined)
      this.durable[count - 1] = last.with(new Uint8Array(SIM_SECTOR_BYTES - rest), rest);
    if (this.durable.length > count) this.durable.length = count;
    while (this.durable.length < count) this.durable.push(ZERO_SECTOR);
    for (const i of sectors) if (i < count) this.durable[i] = this.sectors[i] ?? ZERO_SECTOR;
    this.durableSize = size;
  }

  /** The file as it is on the platter, for a start after a power cut. */
  reload(): void {
    this.sectors = this.durable.slice();
    this.size = this.durableSize;
    this.dirty = new Set();
  }

  /** Changes bytes on the platter and in the cache alike. */
  rot(position: number, change: (bytes: Uint8Array, at: number) => void): void {
    const index = Math.floor(position / SIM_SECTOR_BYTES);
    for (const list of [this.sectors, this.durable]) {
      const sector = list[index];
      if (sector === undefined) continue;
      const bytes = sector.bytes.slice();
      change(bytes, position % SIM_SECTOR_BYTES);
      list[index] = new Sector(bytes);
    }
  }

  /** Of both contents, the unsynced state included. */
  hash(): number {
    let hash = mix(this.size, this.durableSize);
    for (const sector of this.sectors) hash = mix(hash, sector.hash);
    if (this.dirty.size === 0) return hash;
    for (const index of this.dirty) hash = mix(hash, index);
    for (const sector of this.durable) hash = mix(hash, sector.hash);
    return hash;
  }

  #put(part: Uint8Array, position: number): void {
    for (let done = 0; done < part.length; ) {
      const at = position + done;
      const index = Math.floor(at / SIM_SECTOR_BYTES);
      const within = at % SIM_SECTOR_BYTES;
      const length = Math.min(SIM_SECTOR_BYTES - within, part.length - done);
      const piece = part.subarray(done, done + length);
      this.sectors[index] = (this.sectors[index] ?? ZERO_SECTOR).with(piece, within);
      this.dirty.add(index);
      done += length;
    }
  }
}
