import { configured } from '../../daemons/adaptor/providers/configured/configured.ts';
import { minimal, settingsOf } from '../unit/configured/examples.ts';
import { piecesOf, tellReading } from './reading.ts';

/** The same as the reader's program, for the table with which a partner by settings answers. Arguments: any word, file. */

const format = configured(settingsOf(minimal.csv));
const message = { stem: '', method: 'POST', path: '/', mediaType: 'text/csv', content: '' } as const;
const nobody = { transactionId: '', providerTransactionId: null, message, orders: [] };

await tellReading(process.argv[3] ?? '', (bytes) => {
  const table = format.tableInPieces?.();
  for (const piece of piecesOf(bytes)) table?.push(piece);
  return format.readAnswer({ content: table?.end() ?? { kind: 'empty' } }, 'query', nobody);
});
