/** After a garbage collection. */
export interface ProcessCost {
  heapBytes: number
  residentBytes: number
  /** User and system time since the process started. */
  cpuMs: number
}
