/** A transition that `kubectl describe` should show. */
export interface ControllerEvent {
  type: 'Normal' | 'Warning'
  reason:
    | 'Registered'
    | 'Adopted'
    | 'Rotated'
    | 'SecretRepaired'
    | 'SecretImported'
    | 'SecretNotStored'
    | 'StatusNotWritten'
    | 'Updated'
    | 'DriftDetected'
    | 'DisabledByGoogle'
    | 'Reenabled'
    | 'EndpointVerified'
    | 'NeverArrived'
    | 'DuplicateRemoved'
    | 'DeadLettersDropped'
    | 'RouteFull'
    | 'PartIgnored'
    | 'SinkFailing'
    | 'SinkRecovered'
    | 'Backfilled'
    | 'BackfillStarted'
    | 'Deleted'
    | 'Orphaned'
    | 'Attached'
    | 'Detached'
    | 'Stalled'
  action: string
  note: string
}
