// CPU time of processes, where the system tells (Linux).

import { readFileSync } from 'node:fs';

/** User and system time of all its threads so far, in seconds. */
export function cpuSeconds(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the command's name, which may hold anything: utime and stime are the 12th and 13th, in ticks of 10 ms.
    const [utime, stime] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(utime) + Number(stime)) / 100;
  } catch {
    return undefined;
  }
}

/** Reads every clock now; the answer reads them again and tells the microseconds that passed, divided by `count`. */
export function cpuPer(
  clocks: Readonly<Record<string, () => number | undefined>>,
): (count: number) => Readonly<Record<string, number | undefined>> {
  const read = () => Object.entries(clocks).map(([name, clock]) => [name, clock()] as const);
  const before = new Map(read());
  return (count) =>
    Object.fromEntries(
      read().map(([name, now]) => {
        const then = before.get(name);
        const passed = now === undefined || then === undefined ? undefined : now - then;
        return [name, passed === undefined ? undefined : (passed * 1_000_000) / count];
      }),
    );
}
