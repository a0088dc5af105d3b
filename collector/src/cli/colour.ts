// Whether colour may be used: on a terminal that has it, and not against the user's wish
// (https://no-color.org).

export const isColoured = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
