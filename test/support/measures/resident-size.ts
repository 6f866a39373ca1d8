import { readFileSync } from 'node:fs'

const kibibyte = 1024

/** Resident bytes of a process, as the kernel counts them (Linux). */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * kibibyte
}

/** Looks every so often, until stopped; the samples in bytes, in their order. */
export function sampleResidentBytes(pid: number, everyMs: number): { stop: () => number[] } {
  const samples = [residentBytes(pid)]
  const timer = setInterval(() => samples.push(residentBytes(pid)), everyMs)
  return {
    stop() {
      clearInterval(timer)
      return samples
    },
  }
}

/** The middle one of some samples: one garbage collection more or less does not move it. */
export function typicalBytes(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN
}
