/** After a garbage collection. */
export interface ProcessCost {
  heapBytes: number
  residentBytes: number
  /** The most it ever was. */
  peakResidentBytes: number
  /** User and system time since the process started. */
  cpuMs: number
}
