import type { InboxOwner, NewEvent } from '../inbox/port.ts'
import { maySee } from '../routes/attached-route.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

interface RouteAnswers {
  /** Of an owner that is no route, true. */
  readonly maySee: (event: NewEvent) => boolean
  /** Whose events a route gets; undefined for an owner that is none. */
  readonly webhookOf: (owner: InboxOwner) => { readonly namespace: string; readonly name: string } | undefined
  /** Takes a success of any owner; tells only those of routes. */
  readonly onDelivered: (owner: InboxOwner) => void
}

/** What the dispatcher asks about owners of events that may be routes, answered as they stand at that moment. */
export function askRoutes(
  directory: Pick<EndpointDirectory, 'entryOf'>,
  { typeOf, onDelivered }: { typeOf: (event: NewEvent) => string; onDelivered: (route: InboxOwner) => void },
): RouteAnswers {
  const routeOf = ({ uid }: InboxOwner) => directory.entryOf(uid)?.route
  return {
    maySee: (event) => {
      const route = routeOf(event.owner)
      return route?.allowedTypes === undefined || maySee(route, typeOf(event))
    },
    webhookOf: (owner) => routeOf(owner)?.webhook,
    onDelivered: (owner) => {
      if (routeOf(owner) !== undefined) onDelivered(owner)
    },
  }
}
