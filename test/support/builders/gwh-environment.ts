/**
 * This process's environment for a `gwh` of its own: it refuses variables that are none of its settings, so those of
 * the suites stay out.
 */
export function gwhEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GWH_')))
}
