import type { Memory } from '../memory/memory.ts'
import type { RemoteAccess, TurnContext } from '../observe/context.ts'

/** One pass over one object. */
export interface PassContext extends TurnContext {
  memory: Memory
  access: RemoteAccess | undefined
}
