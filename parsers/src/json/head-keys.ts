// Outermost keys by which the shapes of JSON are told apart. A pack adds the ones that it asks for.

export const HEAD_KEY_NAMES = [
  // Beats and Vector send Windows events with `winlog`; NXLog has them flat.
  'winlog',
] as const;

type HeadKey = (typeof HEAD_KEY_NAMES)[number];

/** Number of a key in JsonHead, from 1 on. */
export const HEAD = Object.fromEntries(
  HEAD_KEY_NAMES.map((name, index) => [name, index + 1]),
) as Readonly<Record<HeadKey, number>>;
