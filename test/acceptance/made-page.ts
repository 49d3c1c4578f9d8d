import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

import { eventsPage } from './events-page.ts';
import { faultsPage, idsIn, type TestsOfRow } from './page.ts';
import { metricsPage } from './metrics-page.ts';
import { settingsPage } from './settings-page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const pageFile = join(root, 'docs', 'faults.md');
export const settingsFile = join(root, 'docs', 'settings.md');
export const eventsFile = join(root, 'docs', 'events.md');

/** The page as it has to be now. */
export const madePage = async (): Promise<string> => formatted(faultsPage(await testsByRow()), pageFile);

/** The page of the settings as it has to be now. */
export const madeSettingsPage = (): Promise<string> => formatted(settingsPage(), settingsFile);

export const metricsFile = join(root, 'docs', 'metrics.md');

/** The page of the metrics as it has to be now. */
export const madeMetricsPage = (): Promise<string> => formatted(metricsPage(), metricsFile);

/** The page of the events as it has to be now. */
export const madeEventsPage = (): Promise<string> => formatted(eventsPage(), eventsFile);

const formatted = async (page: string, file: string): Promise<string> =>
  format(page, { ...(await resolveConfig(file)), parser: 'markdown' });

/** Looks for row ids in the names of all tests. */
export async function testsByRow(): Promise<TestsOfRow> {
  const entries = await readdir(join(root, 'test'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.endsWith('acceptance'),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
  const found = new Map<string, string[]>();
  for (const file of files) {
    for (const id of idsIn(await readFile(join(root, file), 'utf8'))) {
      found.set(id, [...(found.get(id) ?? []), file]);
    }
  }
  return found;
}
