import { insteadOfStoringCopies } from './copies-of-routes.ts'

/** The program, whose receiver is killed in the routing step, once one copy is stored and before any other. */
let copies = 0
insteadOfStoringCopies(async (store) => {
  copies += 1
  if (copies > 1) return new Promise(() => {})
  await store()
  process.kill(process.pid, 'SIGKILL')
  return undefined
})
await import('../../src/main.ts')
