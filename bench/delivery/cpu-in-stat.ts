/** `USER_HZ`, which Linux counts with towards programs on every machine that Node runs on. */
const msPerTick = 10

/** User and system time of a process, from Linux' `/proc/PID/stat`. Its name, in brackets, may contain anything. */
export function cpuMsInStat(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Fields 14 and 15 of proc(5); the first one here is field 3.
  return (Number(afterName[11]) + Number(afterName[12])) * msPerTick
}
