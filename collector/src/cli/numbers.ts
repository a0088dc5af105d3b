// Figures for people: short, and of the same width where they stand in columns.

const KIBI = 1024;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Negative ones stay as they are: a counter that was set back shows. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Below ten one digit behind the point. */
export function rate(value: number): string {
  if (value > 0 && value < 10) return value.toFixed(1);
  return count(value);
}

export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (scaled >= KIBI && unit < BYTE_UNITS.length - 1) {
    scaled /= KIBI;
    unit++;
  }
  return `${unit === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Seconds, to two significant digits or so; `-` for none. */
export function seconds(value: number | null): string {
  if (value === null) return '-';
  if (value === 0) return '0 s';
  if (value < 0.001) return `${(value * 1e6).toFixed(0)} us`;
  if (value < 1) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
  return `${value.toFixed(value < 10 ? 1 : 0)} s`;
}

/** Such as `3 d 4 h`, `5 h 10 min`, `42 s`. */
export function span(totalSeconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = Math.max(
    0,
    units.findIndex(([size]) => totalSeconds >= size),
  );
  const at = totalSeconds < 1 ? units.length - 1 : first;
  const parts: string[] = [];
  let rest = Math.floor(totalSeconds);
  for (const [size, name] of units.slice(at, at + 2)) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0 || parts.length === 0) parts.push(`${whole} ${name}`);
  }
  return parts.join(' ');
}

export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
