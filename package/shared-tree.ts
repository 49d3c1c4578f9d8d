import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { program } from '../bin/program.ts';
import type { Making } from './making.ts';
import { describeCommands } from './command-tree.ts';
import { bashCompletion, zshCompletion } from './completion.ts';
import { copyright } from './copyright.ts';
import { manual } from './manual.ts';
import { committed, copyInto, programFolder, project } from './program-tree.ts';

const documents = ['README.md', 'ARCHITECTURE.md', 'docs', 'spool/README.md', 'config/enrol.yaml'];

/** Where documents go, below the prefix. */
export const documentFolder = 'share/doc/device-enrolment';

/** Puts below a prefix what is not the program: manual page, completion of the shells, documents, licences. */
export async function stageShared(prefix: string, { version, epoch }: Making): Promise<void> {
  const commands = describeCommands(await program());
  const made: Readonly<Record<string, string | Uint8Array>> = {
    'share/man/man1/enrol.1.gz': packed(manual(commands, version, epoch)),
    'share/bash-completion/completions/enrol': bashCompletion(commands),
    'share/zsh/site-functions/_enrol': zshCompletion(commands),
    [`${documentFolder}/copyright`]: await copyright(join(prefix, programFolder)),
  };
  for (const [path, content] of Object.entries(made)) {
    await mkdir(dirname(join(prefix, path)), { recursive: true });
    await writeFile(join(prefix, path), content);
  }
  for (const path of committed(documents)) await copyInto(join(prefix, documentFolder), path);
  const changes = await readFile(join(project, 'CHANGELOG.md'), 'utf8');
  await writeFile(join(prefix, documentFolder, 'CHANGELOG.md.gz'), packed(changes));
}

/** As `gzip --no-name --best` packs it: the header that zlib writes has neither name nor time. */
const packed = (text: string): Uint8Array => gzipSync(text, { level: 9 });
