import type { EventBody } from '../../contract/page/deliveries.ts'
import type { OpenedReceivers } from '../receivers/opened-receivers.ts'

/** What a browser shows as one text without a pause that is felt. */
const maxShownBytes = 256 * 1024

/** The body of one dead letter, `POD/ID`. Throws with what the receiver says, or where it does not answer. */
export async function readBody(id: string, receivers: OpenedReceivers): Promise<EventBody> {
  const slash = id.indexOf('/')
  const [name, deliveryId] = [id.slice(0, slash), id.slice(slash + 1)]
  const pod = receivers.pods().pods.find((each) => each.name === name)
  if (pod === undefined) throw new Error(`${name}: no receiver of that name answers`)
  const { contentType, receivedAt, bodyBase64 } = await pod.admin.ask('readDeadLetterBody', { deliveryId })
  const bytes = Buffer.from(bodyBase64, 'base64')
  return {
    contentType,
    receivedAt,
    bytes: bytes.length,
    text: bytes.subarray(0, maxShownBytes).toString('utf8'),
    isCut: bytes.length > maxShownBytes,
  }
}
