import { writeFile } from 'node:fs/promises';

import { madePage, madeSettingsPage, pageFile, settingsFile } from './made-page.ts';

await writeFile(pageFile, await madePage());
await writeFile(settingsFile, await madeSettingsPage());
