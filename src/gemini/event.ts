/** The envelope of a Gemini notification, read leniently: anything authentic is kept, whatever it looks like. */
export interface EventEnvelope {
  type: string
  /** RFC 3339 as sent; undefined where missing or not a time. */
  timestamp?: string
  /** `data.id`: the job. */
  dataId?: string
}
