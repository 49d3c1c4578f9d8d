import { writeFile } from 'node:fs/promises';

import {
  eventsFile,
  madeEventsPage,
  madeMetricsPage,
  madePage,
  madeSettingsPage,
  metricsFile,
  pageFile,
  settingsFile,
} from './made-page.ts';

await writeFile(pageFile, await madePage());
await writeFile(settingsFile, await madeSettingsPage());
await writeFile(eventsFile, await madeEventsPage());
await writeFile(metricsFile, await madeMetricsPage());
