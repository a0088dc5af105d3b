// Which partition a stream goes to: (hash(collector) + shard) mod P, so that the shards of one
// collector lie in different partitions and a stream always in the same.

/** A stream is `<node>/<listener>/<shard>` or the id of an agent. */
export function partitionOf(stream: string, partitionCount: number): number {
  const [collector = stream, , shard] = stream.split('/', 3);
  const offset = shard !== undefined && /^\d{1,9}$/.test(shard) ? Number(shard) : 0;
  return (hash(collector) + offset) % partitionCount;
}

/** FNV-1a, 32 bits, of the UTF-8 bytes. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text))
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
