import type { JetstreamInboxOptions } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'

type StreamOptions = Omit<JetstreamInboxOptions, 'clock' | 'logger' | 'metrics'>

/** An inbox in a stream of the test's own; a number for each where tests share a server. */
export function aStream(url: string, number = 1): StreamOptions {
  return {
    urls: [url],
    stream: `INBOX_${number}`,
    subjectPrefix: `inbox${number}`,
    replicas: 1,
    home: 'receiver-0',
    maxBodyBytes: 256 * 1024,
    bounds: { maxBytes: 256 * 1024 * 1024 },
  }
}
