import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { z } from 'zod';

import { RulesFile } from './rules-file.ts';

/**
 * A simulated provider at the other end of the spool: answers each request file with a file of the same name, then moves
 * the request to `taken/`.
 */

/** Notices of the file system only shorten the wait: they can be lost. */
const scanMilliseconds = 250;

export interface FileService<Rules> {
  readonly rules: z.ZodType<Rules>;
  /** Is a file of that name a request? Others stay where they are. */
  takes(name: string): boolean;
  answerFile(name: string, text: string, rules: Rules): string;
}

export interface SpoolSimulatorOptions<Rules> {
  readonly service: FileService<Rules>;
  readonly outbound: string;
  readonly inbound: string;
  readonly rulesFile?: string;
  /** Ends the simulator after the file in hand. */
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
}

/** Answers files until it is told to stop. */
export async function runSpoolSimulator<Rules>(options: SpoolSimulatorOptions<Rules>): Promise<void> {
  const { service, outbound, inbound, rulesFile, stop, log } = options;
  const rules = await RulesFile.open(rulesFile, (document) => service.rules.parse(document), log);
  const stopping = () => stop.aborted;
  await mkdir(join(outbound, 'taken'), { recursive: true });
  const watcher = watch(outbound);
  log(`takes requests from ${outbound}, answers into ${inbound}`);
  while (!stopping()) {
    for (const name of (await readdir(outbound)).filter((found) => service.takes(found)).sort()) {
      const text = await readFile(join(outbound, name), 'utf8');
      await publish(inbound, name, service.answerFile(name, text, await rules.current()));
      await rename(join(outbound, name), join(outbound, 'taken', name));
      log(`answered ${name}`);
      if (stopping()) break;
    }
    const signal = AbortSignal.any([stop, AbortSignal.timeout(scanMilliseconds)]);
    await once(watcher, 'change', { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  watcher.close();
}

/** Whole or not at all: readers leave names alone that begin with a dot. */
async function publish(folder: string, name: string, text: string): Promise<void> {
  const unfinished = join(folder, `.${name}`);
  const file = await open(unfinished, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(folder, name));
}
