/** What the user of the kubeconfig may do. `unknown`: the API server could not be asked. */
export type Permission =
  | { readonly may: 'yes' }
  | {
      readonly may: 'no'
      /** For people: `create pods/portforward in namespace gemini-webhook-system`. At least one. */
      readonly missing: readonly string[]
    }
  | { readonly may: 'unknown'; readonly why: string }

/** What one GeminiWebhook, or the receivers, may be asked for on the page. */
export type ActionName = 'ping' | 'send' | 'rotate' | 'replay' | 'retry' | 'drain'

/** What the page as a whole needs. */
export interface Access {
  /** List and watch GeminiWebhooks of all namespaces, or of the one that is shown. */
  readonly webhooks: Permission
  /** Find the receivers, and forward a port to them: for deliveries, dead letters, replay, retry, drain. */
  readonly receivers: Permission
  /** What `doctor` reads of the operator's namespace. */
  readonly installation: Permission
}
