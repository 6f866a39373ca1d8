import { readdirSync, readFileSync } from 'node:fs'

/** What a process has taken of the processors since it began, by the kernel's account (Linux). */
export interface ProcessorUse {
  /** How often one of its threads went to sleep by itself, and so had been woken before. */
  wakeUps: number
  processorMs: number
}

/** Of all threads of a process. One that ends takes its share with it, so that a later account may be smaller. */
export function processorUse(pid: number): ProcessorUse {
  const tasks = `/proc/${pid}/task`
  const use = { wakeUps: 0, processorMs: 0 }
  for (const thread of readdirSync(tasks)) {
    const status = readFileSync(`${tasks}/${thread}/status`, 'utf8')
    use.wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1])
    // Nanoseconds on a processor; `stat` would count in ticks of 10 ms, which is half of what is looked for here.
    const [runNs] = readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')
    use.processorMs += Number(runNs) / 1e6
  }
  return use
}
