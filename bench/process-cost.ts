/** Times are user and system time since the process started. */
export interface ProcessCost {
  mainThreadCpuMs: number
  /** The threads beside the main one: the inbox, filters, the file system, the garbage collector. */
  otherThreadsCpuMs: number
  /** After a garbage collection in a process with `--expose-gc`, else as it happens to be. */
  heapBytes: number
  residentBytes: number
  /** The most it ever was. */
  peakResidentBytes: number
}

/** In the process that is measured, on its main thread. */
export function costSoFar(): ProcessCost {
  // Twice: what the first round's finalizers let go is only found by the second.
  global.gc?.()
  global.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const mainThreadCpuMs = milliseconds(process.threadCpuUsage())
  return {
    mainThreadCpuMs,
    otherThreadsCpuMs: Math.max(0, milliseconds(process.cpuUsage()) - mainThreadCpuMs),
    heapBytes: heapUsed + external,
    residentBytes: rss,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
}

export function cpuMsOf({ mainThreadCpuMs, otherThreadsCpuMs }: ProcessCost): number {
  return mainThreadCpuMs + otherThreadsCpuMs
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
