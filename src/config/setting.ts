import type * as z from 'zod'

/**
 * One thing that can be configured. Its property name in the table gives all its outside names (names.ts); a default is
 * written as a user would write it and goes through the same schema, so that what the help shows is what the program
 * does.
 */
export interface Setting<T> {
  /** The heading it stands under in the help. */
  readonly group: string
  readonly help: string
  /** What to write, as the help shows it: DURATION, URL ... */
  readonly placeholder: string
  readonly shape: 'scalar' | 'list' | 'boolean'
  /**
   * From text (scalar, boolean) or texts (list) to the value; its messages say what was wrong and what to write
   * instead.
   */
  readonly schema: z.ZodType<T>
  readonly presence: Presence
  /** One letter after a single `-`, as kubectl has it: `-n ml`, `-nml`. */
  readonly short?: string
  /** The values that it takes, where these are few: a shell completes them. */
  readonly words?: readonly string[]
  /** What a shell offers as its value. */
  readonly completes?: Completion
  /** Set where the variable of its name means something else to other commands: it is not read then. */
  readonly ignoresEnvironment?: true
  /**
   * Variables without our prefix that count where ours is not given, the first that is set; an unusable one is an error
   * like any other.
   */
  readonly alsoEnv?: readonly string[]
  /** For a value that may hold a secret: what logs and errors show instead of it. */
  readonly show?: (text: string) => string
}

export type Presence = { type: 'default'; text: string } | { type: 'required' } | { type: 'optional' }

/** Kinds of things that a shell can complete: what a cluster knows, or files. */
export type Completion = 'webhook' | 'webhookOrRoute' | 'receiver' | 'namespace' | 'context' | 'file'

/** What a command takes besides its flags, anywhere among them. */
export interface NamesRule {
  /** As messages call one of them, and the usage line, where `usage` says nothing else. */
  readonly placeholder: string
  readonly usage?: string
  readonly min: number
  readonly max: number
  /** As of a setting. */
  readonly words?: readonly string[]
  readonly completes?: Completion
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>

export type ConfigOf<Table extends SettingsTable> = {
  readonly [Property in keyof Table]: Table[Property] extends Setting<infer Value> ? Value : never
}

/** All settings of a role, and its description in `--help`. */
export interface RoleSettings<Table extends SettingsTable> {
  readonly role: string
  /** Two or three sentences: what the role does and what it needs. */
  readonly about: string
  /** One complete command line that works as it stands. */
  readonly example: string
  readonly settings: Table
  /** Absent: it takes flags only. */
  readonly names?: NamesRule | undefined
  /** Rules between settings; each message names the settings, says what was wrong and what to do. */
  check(config: ConfigOf<Table>): string[]
}
