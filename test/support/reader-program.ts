import { CsvReader, readCsv } from '../../shared/formats/read-csv.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import { piecesOf, tellReading } from './reading.ts';

/** Reads one file in a process of its own, and tells how it ended, and what it took. Arguments: format, file. */

const [format = '', file = ''] = process.argv.slice(2);
const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  csv: (bytes) => readCsv(bytes, ['a', 'b']),
  pieces: (bytes) => {
    const reader = new CsvReader(['a', 'b'], {}, () => undefined);
    for (const piece of piecesOf(bytes)) reader.push(piece);
    reader.end();
  },
  xml: readXml,
  json: readJson,
};

await tellReading(file, (bytes) => readers[format]?.(bytes));
