/** One kind of line. */
interface LogEventMeaning {
  /** For people, one sentence. */
  readonly means: string
  /** Keys that lines of it may have besides those of every line. */
  readonly fields: readonly string[]
}

const delivery = ['namespace', 'name', 'eventId', 'sink', 'suppressedLines']
const request = [
  'outcome',
  'httpStatus',
  'method',
  'route',
  'namespace',
  'name',
  'eventId',
  'keyId',
  'bodyBytes',
  'skewSeconds',
  'remoteAddress',
  'durationMs',
]
const totals = ['events', 'bodyBytes', 'pending', 'deadLetters']

/**
 * Every event that is logged, by its name: dots between its parts, lower case, underscores inside a part. Alerts and
 * searches of users depend on these names. docs/reference/logs.md is made from this table, and a test compares it with
 * the code.
 */
export const logEvents = {
  'role.starting': {
    means: 'A program begins; its settings and where each came from.',
    fields: ['version', 'node', 'settings'],
  },
  'role.stopping': { means: 'A signal asks it to end.', fields: ['signal'] },
  'role.stopped': {
    means: 'It has ended in order, or was cut off while it was still starting.',
    fields: ['whileStarting'],
  },
  'role.start_failed': { means: 'It cannot start.', fields: ['error'] },
  'role.stop_failed': { means: 'It did not end in order, or not in time.', fields: ['error', 'stopWithinMs'] },
  'role.ended': { means: 'It ends by itself, because it cannot go on.', fields: ['why'] },
  'role.fault': { means: 'An error that nobody foresaw; the process ends at once.', fields: ['error'] },
  'controller.started': {
    means: 'The controller serves its health port, and stands in line to lead.',
    fields: ['healthPort', 'leaderElection'],
  },
  'controller.leading': { means: 'It leads and begins its work.', fields: [] },
  'controller.failed': { means: 'Its work ended with an error.', fields: ['error'] },
  'webhook.changed': {
    means: 'Something was done or seen about a GeminiWebhook; an Event says the same.',
    fields: ['namespace', 'name', 'reason', 'action', 'note', 'suppressedLines'],
  },
  'route.changed': {
    means: 'Something was seen about a GeminiRoute; an Event says the same.',
    fields: ['namespace', 'name', 'reason', 'action', 'note', 'suppressedLines'],
  },
  'webhook.left_to_another_installation': {
    means: 'An object is served by another installation and left alone; said once.',
    fields: ['namespace', 'name', 'installation'],
  },
  'webhook.yielded_claim': {
    means:
      'An object names a webhook at Google in spec.externalID to which another one has the better right; said once. Its status does not name an object of another namespace.',
    fields: ['namespace', 'name', 'id', 'holder'],
  },
  'orphan.dropped': {
    means:
      'The ConfigMap of webhooks left at Google was full, and the oldest of the namespace with most in it made room: look for it at Google by hand.',
    fields: ['namespace', 'name', 'id'],
  },
  'reconcile.failed': {
    means: 'One pass over an object failed and will be repeated.',
    fields: ['controller', 'object', 'result', 'retryInMs', 'error', 'reason'],
  },
  'housekeeping.failed': { means: 'A round of tidying failed and will be repeated.', fields: ['error'] },
  'installation.unreadable': {
    means: 'The ConfigMap with the id of the installation cannot be read.',
    fields: ['error'],
  },
  'installation.unconfirmed': {
    means: 'The installation looks like a copy of another; nothing is changed until it is confirmed.',
    fields: ['why'],
  },
  'namespace.unreadable': {
    means: 'A namespace cannot be read; it is taken for one that stays.',
    fields: ['namespace', 'reason'],
  },
  'reports.inbox_stranded': { means: 'Receivers are gone whose inboxes still held events.', fields: ['receivers'] },
  'reports.mended': {
    means:
      'A ConfigMap for reports of receivers could not be written any more, and was put right: nobody but receivers and the controller should write it.',
    fields: ['configMap', 'fault'],
  },
  'reports.mend_failed': {
    means: 'A ConfigMap for reports of receivers could not be made or put right this time.',
    fields: ['configMap', 'fault', 'error'],
  },
  'reports.read_failed': {
    means: 'A ConfigMap that receivers report into could not be read; it is tried again after a pause.',
    fields: ['configMap', 'error'],
  },
  'reports.pruned': { means: 'Reports of receivers that are gone were removed.', fields: ['receivers'] },
  'lease.acquired': { means: 'This process leads.', fields: ['lease', 'identity'] },
  'lease.lost': { means: 'It does not lead any more and ends its work.', fields: ['lease', 'identity'] },
  'lease.released': { means: 'It has given the Lease back.', fields: ['lease', 'identity'] },
  'lease.release_failed': {
    means: 'It could not; the next leader waits until the Lease runs out.',
    fields: ['lease', 'identity', 'error'],
  },
  'lease.round_failed': { means: 'The Lease could not be read or written this time.', fields: ['lease', 'error'] },
  'reflector.retried': {
    means: 'A list or watch of the API server failed and is repeated.',
    fields: ['reflector', 'namespace', 'phase', 'code', 'reason', 'error', 'retryInMs'],
  },
  'reflector.handler_failed': {
    means: 'An object could not be taken in; the others are.',
    fields: ['reflector', 'where', 'object', 'error'],
  },
  'kubernetes.retried': {
    means: 'A call to the API server failed and is repeated.',
    fields: ['call', 'attempt', 'error'],
  },
  'event.dropped': { means: 'A Kubernetes Event could not be written.', fields: ['regarding', 'reason', 'error'] },
  'traces.kept': {
    means: 'Traces are kept and sent by OTLP (docs/tracing.md).',
    fields: ['sampler', 'ratio'],
  },
  'traces.not_taken': {
    means:
      'Spans could not be sent to the collector and were dropped. Events are not affected. Told once, until it works again.',
    fields: ['cause', 'spans'],
  },
  'traces.taken_again': {
    means: 'The collector takes spans again; so many were dropped meanwhile.',
    fields: ['spans'],
  },
  'receiver.started': {
    means: 'The receiver serves its ports.',
    fields: ['port', 'healthPort', 'adminPort', 'podName'],
  },
  'request.accepted': { means: 'A delivery is stored, or was already.', fields: request },
  'request.refused': { means: 'A request that is not authentic was refused.', fields: [...request, 'suppressedLines'] },
  'request.authentic_refused': {
    means: 'An authentic delivery was refused; Google repeats it.',
    fields: [...request, 'suppressedLines'],
  },
  'request.failed': {
    means: 'A request was refused by a fault of ours.',
    fields: [...request, 'suppressedLines', 'error'],
  },
  'request.unparsed': {
    means: 'What came was not HTTP, or ended before its headers did.',
    fields: ['outcome', 'remoteAddress', 'suppressedLines'],
  },
  'keyring.entry_malformed': {
    means: 'An entry of the keyring cannot be read; what was known of it stays in force.',
    fields: ['shard', 'uid', 'problem'],
  },
  'keyring.file_unreadable': { means: 'A mounted keyring cannot be read at the start.', fields: ['shard', 'error'] },
  'report.write_failed': {
    means: 'The report to the controller could not be written and will be repeated.',
    fields: ['error', 'failedRounds'],
  },
  'certificate.changed': { means: 'A renewed certificate is served.', fields: ['certFile', 'validTo'] },
  'certificate.refused': { means: 'A new certificate is unusable; the one before stays in use.', fields: ['problem'] },
  'certificate.unreadable': {
    means: 'The files of the certificate cannot be read; the one before stays in use.',
    fields: ['certFile', 'error'],
  },
  'jwks.read': { means: "Google's public keys were read.", fields: ['keys'] },
  'jwks.unreadable': { means: 'They could not be; those from before stay in use.', fields: ['error'] },
  'delivery.attempted': {
    means: 'A sink was called, and what comes next.',
    fields: [
      ...delivery,
      'sinkType',
      'attempt',
      'replayed',
      'outcome',
      'cause',
      'burden',
      'httpStatus',
      'next',
      'retryInMs',
      'reason',
      'durationMs',
    ],
  },
  'delivery.settled': {
    means: 'A delivery ended or was put off without a call.',
    fields: [...delivery, 'next', 'reason'],
  },
  'delivery.fault': {
    means: 'An attempt failed by a fault of ours and will be repeated.',
    fields: [...delivery, 'error'],
  },
  'route.fault': {
    means: 'An event could not be handed on to a route by a fault of ours; this will be repeated.',
    fields: ['namespace', 'name', 'eventId', 'error'],
  },
  'delivery.record_failed': {
    means: 'The outcome of an attempt could not be written down; it is tried until it can.',
    fields: [...delivery, 'error', 'failures', 'next'],
  },
  'deadletter.forwarded': {
    means: 'A dead letter was handed to its destination, or could not be.',
    fields: [...delivery, 'sinkType', 'reason', 'outcome', 'cause'],
  },
  'filter.interrupted': {
    means:
      'Judging an event by a filter took too long (why: overran, stalled) or killed its thread (crashed); the filter pauses.',
    fields: ['namespace', 'name', 'sink', 'why'],
  },
  'filter.worker_not_started': {
    means: 'A thread for filters did not start; it is tried again, and deliveries with filters wait.',
    fields: ['why'],
  },
  'dispatcher.claim_failed': { means: 'The inbox could not be asked for what is due.', fields: ['error', 'failures'] },
  'dispatcher.drain_incomplete': {
    means: 'Attempts were cut off at the end; they are repeated after the next start.',
    fields: ['inFlight'],
  },
  'dispatcher.fault': { means: 'The dispatcher stumbled over a fault of ours and goes on.', fields: ['error'] },
  'circuit.opened': {
    means: 'A sink is believed to be away, or to refuse the credentials; it is only probed.',
    fields: ['namespace', 'name', 'sink', 'openFor', 'suppressedLines'],
  },
  'circuit.closed': { means: 'The sink takes events again.', fields: ['namespace', 'name', 'sink', 'suppressedLines'] },
  'dispatcher.hurry_failed': {
    means: 'What waits for a sink that is well again could not be made due; it waits for its time.',
    fields: ['error'],
  },
  'inbox.takes_nothing': {
    means: 'Nothing can be stored; deliveries are answered 503, and the receiver is not ready.',
    fields: ['obstacle'],
  },
  'inbox.takes_again': { means: 'It can again.', fields: [] },
  'inbox.stream_unfit': {
    means: 'Somebody changed the stream so that it would break a promise.',
    fields: ['stream', 'problems'],
  },
  'inbox.opened': {
    means: 'The inbox is open; what it holds.',
    fields: ['path', 'stream', 'replicas', 'maxBytes', ...totals],
  },
  'inbox.ended': { means: 'The inbox cannot go on; the process ends.', fields: ['why'] },
  'inbox.volume': { means: 'The volume of the inbox is unsuitable or small.', fields: ['path', 'warning'] },
  'inbox.durability': { means: 'The stream is kept less safely than promised.', fields: ['stream', 'warning'] },
  'inbox.writes_one_by_one': {
    means: 'The stream takes no atomic batches: each write is synced by itself, which is slower.',
    fields: ['stream', 'why'],
  },
  'inbox.damaged_file_set_aside': {
    means: 'A damaged inbox was moved aside, and an empty one begun.',
    fields: ['path', 'setAside'],
  },
  'inbox.commit_failed': {
    means: 'A batch could not be stored; Google is asked to come back.',
    fields: ['problem', 'items'],
  },
  'inbox.volume_full': { means: 'The volume is full.', fields: [] },
  'inbox.volume_has_room': { means: 'There is room again.', fields: [] },
  'inbox.follow_interrupted': {
    means: 'Reading the stream was interrupted and goes on.',
    fields: ['error', 'readUpTo'],
  },
  'inbox.record_unreadable': {
    means: 'A record of the stream cannot be read and is passed over.',
    fields: ['sequence'],
  },
  'inbox.close_event_failed': {
    means: 'An event that is done with could not be removed; it is tried again.',
    fields: ['error'],
  },
  'inbox.maintenance_failed': { means: 'A round of tidying the inbox failed and will be repeated.', fields: ['error'] },
  'inbox.disconnected': { means: 'The connection to the NATS servers of the inbox is gone.', fields: ['server'] },
  'inbox.reconnected': { means: 'It is there again.', fields: ['server'] },
  'inbox.server_error': { means: 'The server said something out of band, such as a refused right.', fields: ['error'] },
  'nats_sink.connected': { means: 'The NATS servers of the sinks are connected.', fields: ['server'] },
  'nats_sink.disconnected': { means: 'The connection is gone.', fields: ['server'] },
  'nats_sink.reconnected': { means: 'It is there again.', fields: ['server'] },
  'nats_sink.server_error': {
    means: 'The server said something out of band, such as a refused right.',
    fields: ['error'],
  },
  'nats_sink.unreachable': { means: 'No connection can be made; it is tried again.', fields: ['servers', 'why'] },
  'kafka_sink.connected': { means: 'The Kafka brokers of the sinks take events.', fields: ['brokers'] },
  'kafka_sink.unreachable': {
    means: 'The Kafka brokers of the sinks cannot be reached, or refuse our credentials; it is tried again.',
    fields: ['brokers', 'why'],
  },
  'admin.failed': { means: 'A request to the admin port failed by a fault of ours.', fields: ['error'] },
  'health.request_failed': { means: 'A request to the health port failed by a fault of ours.', fields: ['error'] },
  'kubernetes_api.failed': {
    means: 'The embedded API server of the sandbox failed by a fault of ours.',
    fields: ['error', 'stack'],
  },
  'sandbox.pod_not_tended': {
    means: 'A pod of the sandbox could not be probed or started again; it is tried again in a second.',
    fields: ['error', 'podName'],
  },
  'simulator.delivery_attempted': {
    means: 'The simulated service has called an endpoint.',
    fields: ['eventType', 'httpStatus', 'error', 'retryAfterMs'],
  },
  'simulator.delivery_broken': { means: 'The simulated service failed by a fault of ours.', fields: ['error'] },
} as const satisfies Record<string, LogEventMeaning>

export type LogEvent = keyof typeof logEvents
