// The one place in bench that looks at clocks.
export const monotonicSeconds = (): number => performance.now() / 1000;
export const isoNow = (): string => new Date().toISOString();

/** User and system CPU time of this process, all threads, seconds. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
