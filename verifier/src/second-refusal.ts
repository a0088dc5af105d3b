/** Ends the second verifier's reading: the bundle does not hold. */
export function refuse(why: string): never {
  throw new Error(why);
}
