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
    means: 'The program starts; the line has its settings and where each came from.',
    fields: ['version', 'node', 'settings'],
  },
  'role.stopping': { means: 'The program received a signal to stop.', fields: ['signal'] },
  'role.stopped': {
    means: 'The program has stopped cleanly, or was stopped while it was still starting.',
    fields: ['whileStarting'],
  },
  'role.start_failed': { means: 'The program cannot start; the error says why.', fields: ['error'] },
  'role.stop_failed': { means: 'The program did not stop cleanly, or not in time.', fields: ['error', 'stopWithinMs'] },
  'role.ended': { means: 'The program exits by itself, because it cannot continue.', fields: ['why'] },
  'role.fault': { means: 'An unexpected error occurred; the process exits at once.', fields: ['error'] },
  'controller.started': {
    means: 'The controller serves its health port, and waits to become the leader.',
    fields: ['healthPort', 'leaderElection'],
  },
  'controller.leading': { means: 'The controller became the leader and begins its work.', fields: [] },
  'controller.failed': { means: 'The controller stopped with an error.', fields: ['error'] },
  'gemini.unknown_form': {
    means:
      'Google sent or answered something of a form that this version does not know, for the first time since the start. It was taken as it is.',
    fields: ['what', 'formName'],
  },
  'webhook.changed': {
    means: 'Something happened to a GeminiWebhook; an Event says the same.',
    fields: ['namespace', 'name', 'reason', 'action', 'note', 'suppressedLines'],
  },
  'backfill.found': {
    means: 'Batches ended whose events Google did not deliver; receivers have stored these events now.',
    fields: ['namespace', 'name', 'found', 'suppressedLines'],
  },
  'backfill.failed': {
    means: 'Events that Google did not deliver could not be looked for, or not be sent; it is tried again.',
    fields: ['namespace', 'name', 'why', 'error', 'suppressedLines'],
  },
  'route.changed': {
    means: 'Something changed about a GeminiRoute; an Event says the same.',
    fields: ['namespace', 'name', 'reason', 'action', 'note', 'suppressedLines'],
  },
  'webhook.left_to_another_installation': {
    means: 'Another installation serves an object, so this one leaves it alone; logged once.',
    fields: ['namespace', 'name', 'installation'],
  },
  'webhook.yielded_claim': {
    means:
      'An object names a webhook in spec.externalID to which another object has the stronger claim; logged once. Its status does not name objects in other namespaces.',
    fields: ['namespace', 'name', 'id', 'holder'],
  },
  'orphan.dropped': {
    means:
      'The ConfigMap of webhooks left at Google was full. The oldest entry of the largest namespace was dropped: look for that webhook at Google yourself.',
    fields: ['namespace', 'name', 'id'],
  },
  'reconcile.failed': {
    means: 'One pass over an object failed and will be repeated.',
    fields: ['controller', 'object', 'result', 'retryInMs', 'error', 'reason'],
  },
  'housekeeping.failed': { means: 'A round of housekeeping failed and will be repeated.', fields: ['error'] },
  'installation.unreadable': {
    means: 'The ConfigMap with the id of the installation cannot be read.',
    fields: ['error'],
  },
  'installation.unconfirmed': {
    means: 'The installation looks like a copy of another; nothing is changed until it is confirmed.',
    fields: ['why'],
  },
  'installation.paused': {
    means: 'The whole installation is paused by its ConfigMap gwh-pause; no calls to Google are made.',
    fields: ['why'],
  },
  'installation.resumed': { means: 'The pause of the installation has ended.', fields: [] },
  'namespace.unreadable': {
    means: 'A namespace cannot be read; it is assumed to stay.',
    fields: ['namespace', 'reason'],
  },
  'reports.inbox_stranded': {
    means: 'Receivers are gone, and their inboxes still hold events.',
    fields: ['receivers'],
  },
  'reports.mended': {
    means:
      'A ConfigMap for the reports of receivers could no longer be written, and was repaired: only receivers and the controller should write it.',
    fields: ['configMap', 'fault'],
  },
  'reports.mend_failed': {
    means: 'A ConfigMap for the reports of receivers could not be created or repaired this time.',
    fields: ['configMap', 'fault', 'error'],
  },
  'reports.read_failed': {
    means: 'A ConfigMap that receivers report into could not be read; it is tried again after a pause.',
    fields: ['configMap', 'error'],
  },
  'reports.pruned': { means: 'Reports of receivers that are gone were removed.', fields: ['receivers'] },
  'lease.acquired': { means: 'This process leads.', fields: ['lease', 'identity'] },
  'lease.lost': { means: 'This process no longer leads, and stops its work.', fields: ['lease', 'identity'] },
  'lease.released': { means: 'This process has released the Lease.', fields: ['lease', 'identity'] },
  'lease.release_failed': {
    means: 'The Lease could not be released; the next leader waits until it expires.',
    fields: ['lease', 'identity', 'error'],
  },
  'lease.round_failed': { means: 'The Lease could not be read or written this time.', fields: ['lease', 'error'] },
  'reflector.retried': {
    means: 'A list or watch of the API server failed and is repeated.',
    fields: ['reflector', 'namespace', 'phase', 'code', 'reason', 'error', 'retryInMs'],
  },
  'reflector.handler_failed': {
    means: 'An object could not be processed; the others were.',
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
  'request.accepted': { means: 'A delivery was stored, or had been stored before.', fields: request },
  'request.refused': { means: 'A request that is not authentic was refused.', fields: [...request, 'suppressedLines'] },
  'request.authentic_refused': {
    means: 'An authentic delivery was refused; Google repeats it.',
    fields: [...request, 'suppressedLines'],
  },
  'request.failed': {
    means: 'A request was refused because of a bug.',
    fields: [...request, 'suppressedLines', 'error'],
  },
  'request.unparsed': {
    means: 'A connection sent something that is not HTTP, or ended before the headers were complete.',
    fields: ['outcome', 'remoteAddress', 'suppressedLines'],
  },
  'keyring.entry_malformed': {
    means: 'An entry of the keyring cannot be read; its last valid version stays in force.',
    fields: ['shard', 'uid', 'problem'],
  },
  'keyring.file_unreadable': { means: 'A mounted keyring cannot be read at the start.', fields: ['shard', 'error'] },
  'report.write_failed': {
    means: 'The report to the controller could not be written and will be repeated.',
    fields: ['error', 'failedRounds'],
  },
  'certificate.changed': { means: 'A renewed certificate is served.', fields: ['certFile', 'validTo'] },
  'certificate.refused': { means: 'A new certificate is unusable; the former one stays in use.', fields: ['problem'] },
  'certificate.unreadable': {
    means: 'The files of the certificate cannot be read; the former certificate stays in use.',
    fields: ['certFile', 'error'],
  },
  'jwks.read': { means: "Google's public keys were read.", fields: ['keys'] },
  'jwks.unreadable': {
    means: "Google's public keys could not be read; the known ones stay in use.",
    fields: ['error'],
  },
  'delivery.attempted': {
    means: 'A delivery was attempted; the line says how it ended and what comes next.',
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
    means: 'A delivery ended or was postponed without an attempt.',
    fields: [...delivery, 'next', 'reason'],
  },
  'delivery.fault': {
    means: 'An attempt failed because of a bug and will be repeated.',
    fields: [...delivery, 'error'],
  },
  'route.fault': {
    means: 'An event could not be forwarded to a route because of a bug; this will be repeated.',
    fields: ['namespace', 'name', 'eventId', 'error'],
  },
  'delivery.record_failed': {
    means: 'The outcome of an attempt could not be recorded; this is retried until it succeeds.',
    fields: [...delivery, 'error', 'failures', 'next'],
  },
  'deadletter.forwarded': {
    means: 'A dead letter was sent to its destination, or this failed.',
    fields: [...delivery, 'sinkType', 'reason', 'outcome', 'cause'],
  },
  'filter.interrupted': {
    means: 'A filter took too long on an event (why: overran, stalled) or killed its thread (crashed); it pauses.',
    fields: ['namespace', 'name', 'sink', 'why'],
  },
  'filter.worker_not_started': {
    means: 'A thread for filters did not start; this is retried, and deliveries with filters wait.',
    fields: ['why'],
  },
  'dispatcher.claim_failed': { means: 'The inbox could not be asked for what is due.', fields: ['error', 'failures'] },
  'dispatcher.drain_incomplete': {
    means: 'Attempts were cut off at shutdown; they are repeated after the next start.',
    fields: ['inFlight'],
  },
  'dispatcher.fault': { means: 'The dispatcher hit a bug and continues.', fields: ['error'] },
  'circuit.opened': {
    means: 'A sink seems to be down, or refuses the credentials; it gets only probes.',
    fields: ['namespace', 'name', 'sink', 'openFor', 'suppressedLines'],
  },
  'circuit.closed': {
    means: 'The sink accepts events again.',
    fields: ['namespace', 'name', 'sink', 'suppressedLines'],
  },
  'dispatcher.hurry_failed': {
    means: 'Deliveries for a recovered sink could not be made due; they wait for their next try.',
    fields: ['error'],
  },
  'inbox.takes_nothing': {
    means: 'The inbox cannot store anything; deliveries are answered 503, and the receiver is not ready.',
    fields: ['obstacle'],
  },
  'inbox.takes_again': { means: 'The inbox accepts events again.', fields: [] },
  'inbox.stream_unfit': {
    means: 'Somebody changed the stream so that it would break a promise.',
    fields: ['stream', 'problems'],
  },
  'inbox.opened': {
    means: 'The inbox is open; the line says what it holds.',
    fields: ['path', 'stream', 'replicas', 'maxBytes', ...totals],
  },
  'inbox.ended': { means: 'The inbox cannot continue; the process exits.', fields: ['why'] },
  'inbox.volume': { means: 'The volume of the inbox is unsuitable or small.', fields: ['path', 'warning'] },
  'inbox.durability': { means: 'The stream is kept less safely than promised.', fields: ['stream', 'warning'] },
  'inbox.writes_one_by_one': {
    means: 'The stream takes no atomic batches: each write is synced by itself, which is slower.',
    fields: ['stream', 'why'],
  },
  'inbox.damaged_file_set_aside': {
    means: 'A damaged inbox was moved aside, and an empty one was created.',
    fields: ['path', 'setAside'],
  },
  'inbox.commit_failed': {
    means: 'A batch could not be stored; Google is asked to repeat its deliveries.',
    fields: ['problem', 'items'],
  },
  'inbox.volume_full': { means: 'The volume of the inbox is full.', fields: [] },
  'inbox.volume_has_room': { means: 'The volume of the inbox has free space again.', fields: [] },
  'inbox.follow_interrupted': {
    means: 'Reading the stream was interrupted and continues.',
    fields: ['error', 'readUpTo'],
  },
  'inbox.record_unreadable': {
    means: 'A record of the stream cannot be read and is skipped.',
    fields: ['sequence'],
  },
  'inbox.close_event_failed': {
    means: 'A finished event could not be removed; this is retried.',
    fields: ['error'],
  },
  'inbox.maintenance_failed': {
    means: 'A round of maintenance of the inbox failed and will be repeated.',
    fields: ['error'],
  },
  'inbox.disconnected': { means: 'The connection to the NATS servers of the inbox is gone.', fields: ['server'] },
  'inbox.reconnected': { means: 'The connection to the NATS servers of the inbox is back.', fields: ['server'] },
  'inbox.server_error': { means: 'The server said something out of band, such as a refused right.', fields: ['error'] },
  'nats_sink.connected': { means: 'The NATS servers of the sinks are connected.', fields: ['server'] },
  'nats_sink.disconnected': { means: 'The connection to the NATS servers of the sinks is gone.', fields: ['server'] },
  'nats_sink.reconnected': { means: 'The connection to the NATS servers of the sinks is back.', fields: ['server'] },
  'nats_sink.server_error': {
    means: 'The server said something out of band, such as a refused right.',
    fields: ['error'],
  },
  'nats_sink.unreachable': { means: 'No connection can be made; this is retried.', fields: ['servers', 'why'] },
  'kafka_sink.connected': { means: 'The Kafka brokers of the sinks take events.', fields: ['brokers'] },
  'kafka_sink.unreachable': {
    means: 'The Kafka brokers of the sinks cannot be reached, or refuse our credentials; it is tried again.',
    fields: ['brokers', 'why'],
  },
  'admin.failed': { means: 'A request to the admin port failed because of a bug.', fields: ['error'] },
  'health.request_failed': { means: 'A request to the health port failed because of a bug.', fields: ['error'] },
  'kubernetes_api.failed': {
    means: 'The embedded API server of the sandbox failed because of a bug.',
    fields: ['error', 'stack'],
  },
  'sandbox.pod_not_tended': {
    means: 'A pod of the sandbox could not be probed or restarted; this is retried in a second.',
    fields: ['error', 'podName'],
  },
  'simulator.delivery_attempted': {
    means: 'The simulated service has called an endpoint.',
    fields: ['eventType', 'httpStatus', 'error', 'retryAfterMs'],
  },
  'simulator.delivery_broken': { means: 'The simulated service failed because of a bug.', fields: ['error'] },
} as const satisfies Record<string, LogEventMeaning>

export type LogEvent = keyof typeof logEvents
