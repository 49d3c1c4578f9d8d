import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
import { madeUnits, unitsFolder } from './made-units.ts';

await writeFile(pageFile, await madePage());
await writeFile(settingsFile, await madeSettingsPage());
await writeFile(eventsFile, await madeEventsPage());
await writeFile(metricsFile, await madeMetricsPage());
for (const { path, text } of await madeUnits()) await writeFile(join(unitsFolder, path), text);
