import { insteadOfStoringCopies } from './copies-of-routes.ts'

/** The program, whose receiver is killed in the routing step, before any copy is stored. */
insteadOfStoringCopies(async () => process.kill(process.pid, 'SIGKILL'))
await import('../../src/main.ts')
