import { readFile } from 'node:fs/promises';

import { toFault } from '../../shared/runtime/faults.ts';
import { peakMegabytes } from './peak-memory.ts';

/** How the reading of a file in a process of its own ended, and what it took. */
export interface Reading {
  readonly code: string;
  readonly seconds: number;
  /** How much the peak of resident memory grew while the content, which was in memory already, was read. */
  readonly grownMegabytes: number;
}

/** Reads a file, and tells on stdout how it was. */
export async function tellReading(file: string, read: (bytes: Buffer) => unknown): Promise<void> {
  const bytes = await readFile(file);
  const before = peakMegabytes();
  const begun = performance.now();
  let code = 'read';
  try {
    read(bytes);
  } catch (error) {
    code = toFault(error).code;
  }
  const reading: Reading = {
    code,
    seconds: (performance.now() - begun) / 1000,
    grownMegabytes: peakMegabytes() - before,
  };
  console.log(JSON.stringify(reading));
}

/** As a file is read. */
export function* piecesOf(bytes: Buffer): Generator<Buffer> {
  const length = 256 * 1024;
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length));
}
