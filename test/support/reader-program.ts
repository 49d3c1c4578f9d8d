import { readFile } from 'node:fs/promises';

import { readCsv } from '../../shared/formats/read-csv.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import { toFault } from '../../shared/runtime/faults.ts';
import { peakMegabytes } from './peak-memory.ts';

/** Reads one file in a process of its own, and tells how it ended, and what it took. Arguments: format, file. */

export interface Reading {
  readonly code: string;
  readonly seconds: number;
  /** How much the peak of resident memory grew while the content, which was in memory already, was read. */
  readonly grownMegabytes: number;
}

const [format = '', file = ''] = process.argv.slice(2);
const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  csv: (bytes) => readCsv(bytes, ['a', 'b']),
  xml: readXml,
  json: readJson,
};

const bytes = await readFile(file);
const before = peakMegabytes();
const begun = performance.now();
let code = 'read';
try {
  readers[format]?.(bytes);
} catch (error) {
  code = toFault(error).code;
}
const reading: Reading = {
  code,
  seconds: (performance.now() - begun) / 1000,
  grownMegabytes: peakMegabytes() - before,
};
console.log(JSON.stringify(reading));
