import { writeFile } from 'node:fs/promises';

import { madePage, pageFile } from './made-page.ts';

await writeFile(pageFile, await madePage());
