import type { Hello, PageMessage } from '../contract/page/messages.ts'
import type { Topic } from './server/streams.ts'

/** A message that replaces the one before; told when it differs from what was told last. */
export function latest(read: () => PageMessage | undefined, everyTicks = 1): Topic {
  let told = ''
  const messages = () => {
    const message = read()
    return message === undefined ? [] : [message]
  }
  return {
    everyTicks,
    all: messages,
    changes() {
      const now = messages()
      const text = JSON.stringify(now)
      if (text === told) return []
      told = text
      return now
    },
  }
}

/** Told again when it turns out that the user may see one namespace alone. */
export function helloTopic(read: () => Hello): Topic {
  let told: string | undefined
  return {
    all: () => [read()],
    changes() {
      const now = read()
      if (now.onlyNamespace === told) return []
      told = now.onlyNamespace
      return [now]
    },
  }
}
