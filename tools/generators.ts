import { generateAdminPage } from './generate-admin-page.ts'
import { generateChart } from './generate-chart.ts'
import { generateConditionsPage } from './generate-conditions-page.ts'
import { generateConfigurationPage } from './generate-configuration-page.ts'
import { generateConsumingPage } from './generate-consuming-page.ts'
import { generateCrds } from './generate-crds.ts'
import { generateDashboard } from './generate-dashboard.ts'
import { generateEventSchemas } from './generate-event-schemas.ts'
import { generateLogsPage } from './generate-logs-page.ts'
import { generateMetricsPage } from './generate-metrics-page.ts'
import { generateRequestsPage } from './generate-requests-page.ts'
import { generateResourcePages } from './generate-resource-pages.ts'
import { generateSimulatorPage } from './generate-simulator-page.ts'

/**
 * Every generator: one pure function from sources to path -> text. Used by "npm run generate" and by the test that
 * looks for drift.
 */
export const generators: readonly (() => Record<string, string>)[] = [
  generateCrds,
  generateChart,
  generateDashboard,
  generateConfigurationPage,
  generateConditionsPage,
  generateLogsPage,
  generateMetricsPage,
  generateResourcePages,
  generateSimulatorPage,
  generateAdminPage,
  generateEventSchemas,
  generateRequestsPage,
  generateConsumingPage,
]
