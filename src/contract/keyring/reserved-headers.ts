/**
 * Headers that decide what a delivery is: never taken from a user's Secret. The controller refuses a Secret that has
 * one, and sinks leave one out that another client wrote into the keyring. `nats-*` are commands to a NATS server: one
 * of them empties a stream.
 */
const reserved =
  /^(?:host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-.*|ce-.*|webhook-.*|x-gemini-.*|x-gwh-deadletter.*|traceparent|tracestate|proxy-.*|nats-.*)$/i

export function isReservedHeader(name: string): boolean {
  return reserved.test(name)
}
